"""A clinic's live connection to its FileMaker Server: set up, tried out, read."""
