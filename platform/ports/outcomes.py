"""How a delivery to a vendor ends when it does not succeed. The words are for people."""

from __future__ import annotations


class DeliveryError(Exception):
    """A vendor did not take what was to be delivered; `words` says why, and what to do."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class RetryLaterError(DeliveryError):
    """Nothing was done, or doing it again with the same key is harmless. `after` is in seconds."""

    def __init__(self, words: str, *, after: float | None = None) -> None:
        super().__init__(words)
        self.after = after


class RefusedError(DeliveryError):
    """The vendor says no, and would say so again: a person has to change something."""


class UnclearError(DeliveryError):
    """It may have been done or not, and repeating could do it twice: a person decides."""


class BrokenConnectionError(DeliveryError):
    """The clinic's access has ended: it has to be connected anew. What waits goes on waiting."""
