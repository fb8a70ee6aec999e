"""What all errors of the NDIS verbs have in common."""

from __future__ import annotations


class NdisError(ValueError):
    """What was asked for cannot be done; the message says what is wrong and what to do."""
