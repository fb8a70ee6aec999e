"""What Nexus asks of a vendor of texts beyond sending: what became of them, and what came back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ports.sms import SmsGateway

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from connections.opened import OpenConnection
    from ports.sms import IncomingSms, OutgoingSms, SmsAnswer, SmsReceipt


@dataclass(frozen=True)
class Price:
    """What a text has cost, told after it was sent."""

    vendor_id: str
    cost_cents: float
    currency: str
    segments: int | None = None


@dataclass(frozen=True)
class News:
    """What a vendor knows that its calls to us may not have said."""

    receipts: list[SmsReceipt] = field(default_factory=list)
    incoming: list[IncomingSms] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)


class Carrier(SmsGateway, Protocol):
    """A vendor for one clinic's account. Each method raises the errors of `ports.outcomes`."""

    def find(
        self, sms: OutgoingSms, *, since: datetime, known: Collection[str]
    ) -> SmsAnswer | None:
        """Answer a text that the vendor has taken since then, if it has; `known` ids are others."""

    def news(self, *, since: datetime) -> News:
        """Ask for all that has happened since then."""

    def noted(self, news: News) -> None:
        """Tell the vendor that this was written down, where it keeps what was not."""

    def call_us(self, address: str) -> str:
        """Have the vendor call this address with replies; answers in words what was set."""


Opener = Callable[["OpenConnection", str], AbstractContextManager["Carrier"]]
_openers: dict[str, Opener] = {}


def carries(provider: str, opener: Opener) -> None:
    """Register a vendor: `opener(opened, hook_address)` answers its carrier while it is held."""
    _openers[provider] = opener


def carrier(opened: OpenConnection, hook_address: str = "") -> AbstractContextManager[Carrier]:
    """Open the carrier of a connection; `hook_address` is where it tells us of receipts."""
    return _openers[opened.provider](opened, hook_address)


def is_carrier(provider: str) -> bool:
    return provider in _openers


def carriers() -> list[str]:
    return sorted(_openers)
