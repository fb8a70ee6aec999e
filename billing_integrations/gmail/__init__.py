"""A clinic's own Gmail mailbox sends its mail."""
