"""What a clinic sees of the mailbox it writes from, whichever vendor carries it."""
