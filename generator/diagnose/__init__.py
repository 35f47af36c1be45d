"""Why somebody cannot change the password or sign in, and what mends it."""
