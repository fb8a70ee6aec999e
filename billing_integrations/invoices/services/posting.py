"""Entries of the ledger. Nothing else writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from billing_integrations.invoices.models import LedgerEntry, Posting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

Account = Posting.Account
Kind = LedgerEntry.Kind


@dataclass(frozen=True)
class Side:
    """One side of an entry: debit above nothing, credit below; a side of nothing is left out."""

    account: str
    cents: int
    payer_kind: str
    contact_id: UUID | None
    patient_id: UUID | None


def side(account: str, cents: int, about: Any) -> Side:
    """Answer a side for whoever pays `about`: an invoice, a payment or a credit note."""
    return Side(account, cents, about.payer_kind, about.contact_id, about.patient_id)


def post(
    kind: str, sides: Sequence[Side], *, on: date, by: str, **subject: Any
) -> LedgerEntry | None:
    """Write an entry that balances; one that moves nothing is not written."""
    real = [one for one in sides if one.cents]
    if not real:
        return None
    if sum(one.cents for one in real):
        raise AssertionError(f"{kind}: {real} does not balance")
    entry = LedgerEntry.objects.create(kind=kind, entered_on=on, entered_by=by, **subject)
    Posting.objects.bulk_create(Posting(entry=entry, **vars(one)) for one in real)
    return entry


def reverse(*, on: date, by: str, **subject: Any) -> None:
    """Take back the entries about a subject that still count."""
    for entry in LedgerEntry.objects.filter(reverses=None, reversed_by=None, **subject):
        sides = [
            Side(one.account, -one.cents, one.payer_kind, one.contact_id, one.patient_id)
            for one in entry.postings.all()
        ]
        post(entry.kind, sides, on=on, by=by, reverses=entry, **subject)
