"""Documents out of what people have: files, dumps, plans, templates, standard input."""
