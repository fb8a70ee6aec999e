"""A clinic's own object store for its files."""
