"""What the integrations' page shows of each vendor, in three questions to the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils import timezone

from connections import inbox
from connections.models import Connection, InboxEvent, OutboxEntry
from connections.providers import Provider, Trade, providers
from connections.revoking import KIND as REVOKING
from connections.sealing import open_secrets
from tenants.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

State = Connection.State
Entry = OutboxEntry.State
OVERDUE = timedelta(minutes=2)
_ONE_IN_USE = (Trade.MAIL, Trade.SMS, Trade.STORAGE)
TRADES = {
    Trade.ACCOUNTING: ("Accounting", "Invoices and payments stay in step with your ledger."),
    Trade.MAIL: ("E-mail", "Letters, invoices and reminders leave from your own mailbox."),
    Trade.SMS: ("Text messages", "Reminders go out, and answers come in."),
    Trade.STORAGE: ("Storage", "Files are kept where you decide."),
}


@dataclass(frozen=True)
class Card:
    """One vendor for the clinic: what is connected, what is being connected, what waits."""

    provider: Provider
    connection: Connection | None = None
    attempt: Connection | None = None
    blocked_by: str = ""
    """The vendor that does the same for the clinic now."""
    waiting: int = 0
    trouble: int = 0
    hook: str = ""

    @property
    def is_live(self) -> bool:
        return self.connection is not None and self.connection.state == State.LIVE

    @property
    def is_broken(self) -> bool:
        return self.connection is not None and self.connection.state == State.BROKEN

    @property
    def is_connecting(self) -> bool:
        return self.attempt is not None and self.attempt.checking_since is not None

    @property
    def is_overdue(self) -> bool:
        """Whether what a worker should have done long since is not done."""
        row = self.attempt if self.is_connecting else self.connection
        since = row.checking_since if row else None
        return since is not None and since < timezone.now() - OVERDUE

    @property
    def is_checking(self) -> bool:
        return self.connection is not None and self.connection.checking_since is not None

    @property
    def is_turning(self) -> bool:
        """Whether the page should look again soon."""
        return (self.is_connecting or self.is_checking) and not self.is_overdue

    @property
    def choices(self) -> list[dict[str, str]]:
        return self.attempt.options.get("accounts", []) if self.attempt else []

    @property
    def attempt_problem(self) -> str:
        return self.attempt.problem if self.attempt else ""

    @property
    def is_paused(self) -> bool:
        until = self.connection.paused_until if self.connection else None
        return until is not None and until > timezone.now()

    @property
    def pill(self) -> tuple[str, str, str]:
        """Label, tone and icon."""
        if self.is_connecting:
            return ("Connecting", "info", "refresh")
        if self.is_broken:
            return ("Connect again", "danger", "plug-connected-x")
        if self.is_live and self.connection and self.connection.problem:
            return ("Not working", "warning", "alert-triangle")
        if self.is_live:
            return ("Connected", "success", "plug-connected")
        return ("Not connected", "neutral", "plug")


@dataclass(frozen=True)
class Section:
    """The vendors of one trade."""

    title: str
    text: str
    cards: list[Card] = field(default_factory=list)


def sections() -> list[Section]:
    """Answer every vendor by trade; trades that nobody serves are left out."""
    made = all_cards()
    return [
        Section(title, text, cards)
        for trade, (title, text) in TRADES.items()
        if (cards := [card for card in made if card.provider.trade is trade])
    ]


def all_cards() -> list[Card]:
    rows = list(Connection.objects.exclude(state=State.OFF))
    in_use = {row.provider: row for row in rows if row.state != State.PENDING}
    attempts = {row.provider: row for row in rows if row.state == State.PENDING}
    counts = _counts(in_use)
    return [
        Card(
            provider=one,
            connection=in_use.get(one.key),
            attempt=attempts.get(one.key),
            blocked_by=_blocker(one, in_use),
            waiting=counts.get((one.key, "waiting"), 0),
            trouble=counts.get((one.key, "trouble"), 0),
            hook=_hook_of(in_use.get(one.key)),
        )
        for one in providers()
    ]


def card_of(key: str) -> Card | None:
    """Answer one vendor's card; None for a key nobody registered."""
    return next((card for card in all_cards() if card.provider.key == key), None)


def _blocker(one: Provider, in_use: dict[str, Connection]) -> str:
    if one.trade not in _ONE_IN_USE:
        return ""
    same = (other for other in providers() if other.trade is one.trade and other.key != one.key)
    return next((other.name for other in same if other.key in in_use), "")


def _hook_of(connection: Connection | None) -> str:
    """Answer the address to enter at the vendor's, where it is entered by hand."""
    if connection is None or not inbox.is_entered_by_hand(connection.provider):
        return ""
    try:
        open_secrets(connection)
        return inbox.address_of(connection)
    except VaultError:
        return ""


def _counts(in_use: dict[str, Connection]) -> dict[tuple[str, str], int]:
    """Count what waits and what needs a decision, by vendor."""
    open_states = [Entry.WAITING, Entry.SENDING, Entry.FAILED, Entry.UNCLEAR]
    found = OutboxEntry.objects.filter(state__in=open_states).exclude(kind=REVOKING).order_by()
    by_trade = {one.trade.value: one.key for one in providers() if one.key in in_use}
    counts: dict[tuple[str, str], int] = {}
    for row in found.values("provider", "kind", "state").annotate(count=Count("pk")):
        key = row["provider"] or vendor_of_kind(row["kind"], by_trade)
        group = "trouble" if row["state"] in {Entry.FAILED, Entry.UNCLEAR} else "waiting"
        counts[key, group] = counts.get((key, group), 0) + row["count"]
    return counts


def vendor_of_kind(kind: str, by_trade: dict[str, str]) -> str:
    """Answer whose an entry is that chooses its vendor late: `sms.message` goes to the one in use."""
    first = kind.partition(".")[0]
    return by_trade.get(first, first)


def events_in_trouble() -> int:
    """Count what vendors sent and nobody could handle."""
    return InboxEvent.objects.filter(handled_at=None, attempts__gte=inbox.MOST_ATTEMPTS).count()


def vendor_origins(cards: Sequence[Card]) -> list[str]:
    """Answer the hosts that a form of the page may lead to: the vendors' consent pages, and back."""
    from urllib.parse import urlsplit

    from connections.addresses import resolved

    found = [inbox.platform_url()]
    for card in cards:
        if card.provider.oauth is not None and card.provider.is_offered:
            parts = urlsplit(resolved(card.provider.oauth.authorize_url))
            found.append(f"{parts.scheme}://{parts.netloc}")
    return list(dict.fromkeys(found))
