"""Several files as one source: their ids made one space, their references to each other resolved."""
