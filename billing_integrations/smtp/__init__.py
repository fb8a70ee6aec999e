"""A clinic's own mail server sends its mail."""
