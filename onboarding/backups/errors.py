"""What can go wrong with a backup, in words for whoever runs the platform."""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, read or trusted; the message says why and what to do."""


class CountsDifferError(BackupError):
    """What was written is not what the database holds: the backup is worth nothing."""


class CannotOpenError(BackupError):
    """A backup does not open: another key, cut short, or changed."""
