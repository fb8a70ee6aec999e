"""How a text fails, where it matters to the clinic which way. The words are for people."""

from __future__ import annotations

from ports.outcomes import RefusedError, RetryLaterError


class OptedOutError(RefusedError):
    """The person has told the vendor to send no more: ours to respect from then on."""


class NotTextableError(RefusedError):
    """The number takes no texts: a landline, or nobody's."""


class AccountTroubleError(RetryLaterError):
    """The clinic's account has to be looked after (credit, a block): texts wait, the owner is told."""
