"""Short messages to and from telephones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class SmsState(StrEnum):
    """How far a text has come; receipts may arrive in any order, and only a later one counts."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        return {"queued": 0, "sent": 1, "failed": 2, "delivered": 3}[self.value]


@dataclass(frozen=True)
class OutgoingSms:
    """One text. Numbers are E.164; `reference` is our own id of it and comes back in receipts."""

    to: str
    body: str
    reference: str
    sender: str = ""
    """A number or a registered name; empty: what the connection is set to."""


@dataclass(frozen=True)
class SmsAnswer:
    """What the vendor said when it took the text. `cost_cents` is in hundredths of `currency`."""

    vendor_id: str
    state: SmsState = SmsState.QUEUED
    segments: int | None = None
    cost_cents: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class SmsReceipt:
    """What became of a text that was sent."""

    vendor_id: str
    state: SmsState
    at: datetime
    reference: str = ""
    problem: str = ""
    """Why it failed, in words for people."""


@dataclass(frozen=True)
class IncomingSms:
    """A text from a telephone. `opt_out` is "stop" or "start" where the vendor acted on it itself."""

    vendor_id: str
    sender: str
    to: str
    body: str
    at: datetime
    reference: str = ""
    """Which of our texts it answers, where the vendor says so."""
    opt_out: str = ""


class SmsGateway(Protocol):
    """A vendor that carries texts."""

    def send(self, sms: OutgoingSms) -> SmsAnswer:
        """Hand one text over; raises `ports.outcomes` errors."""
