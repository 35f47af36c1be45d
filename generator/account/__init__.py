"""A whole account: its users with everything they have, and who may become its roles."""
