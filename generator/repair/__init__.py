"""The smallest edit that mends a document, proven by evaluating it before and after."""
