"""What a clinic's books are told: who owes, what for, and what was paid. Money is in cents.

Nothing clinical stands here: no diagnosis, no note, no name of a treated person but the payer's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True)
class Debtor:
    """Who owes. `number` is our own id of the payer, which the books find it by."""

    number: str
    name: str
    email: str = ""
    is_person: bool = True


@dataclass(frozen=True)
class Tag:
    """A way the books sort by, such as the place: the name of the way, and which one it was."""

    name: str
    option: str


@dataclass(frozen=True)
class SalesLine:
    """One line of an invoice or credit note; `total_cents` includes the tax."""

    description: str
    quantity: Decimal
    unit_cents: int
    total_cents: int
    account: str
    tax: str
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class Sale:
    """An invoice, or a credit note where `total_cents` is owed back. `number` is unique in the books."""

    number: str
    contact_id: str
    on: date
    due_on: date | None
    lines: tuple[SalesLine, ...] = field(default_factory=tuple)
    reference: str = ""
    currency: str = "AUD"

    @property
    def total_cents(self) -> int:
        return sum(line.total_cents for line in self.lines)


@dataclass(frozen=True)
class Receipt:
    """Money that came in for an invoice of the books; `reference` is ours and finds it again."""

    invoice_id: str
    account: str
    on: date
    cents: int
    reference: str
