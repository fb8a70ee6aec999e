"""Who is told of what happens to invoices: accounting packages, claims.

    hooks.listen("xero", on_issued=…, on_voided=…, on_allocated=…)

A listener is called in the transaction of the change: it writes an outbox entry and no more. What it
raises takes the change back.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing_integrations.invoices.models import (
        Allocation,
        CreditNote,
        Invoice,
        Payment,
        Refund,
        WriteOff,
    )


@dataclass(frozen=True)
class Listener:
    """What somebody wants to hear of.

    `on_payment` is told of money that came in; how much of it went to which invoice is told by
    `on_allocated`, in the same transaction (credit notes are allocated too: `allocation.payment` is
    None then). Taking back a payment undoes its allocations first, each told by `on_unallocated`.
    """

    on_issued: Callable[[Invoice], None] | None = None
    on_voided: Callable[[Invoice], None] | None = None
    on_payment: Callable[[Payment], None] | None = None
    on_payment_voided: Callable[[Payment], None] | None = None
    on_allocated: Callable[[Allocation], None] | None = None
    on_unallocated: Callable[[Allocation], None] | None = None
    on_credit: Callable[[CreditNote], None] | None = None
    on_refund: Callable[[Refund], None] | None = None
    on_write_off: Callable[[WriteOff], None] | None = None


_listeners: dict[str, Listener] = {}
_EVENTS = frozenset(field.name for field in fields(Listener))


def listen(key: str, **told: Callable[[Any], None]) -> None:
    """Register a listener from its app's `AppConfig.ready`; the same key again replaces it."""
    _listeners[key] = Listener(**told)


def tell(event: str, subject: Any) -> None:
    """Tell everybody who listens."""
    if event not in _EVENTS:
        raise KeyError(event)
    for listener in _listeners.values():
        told = getattr(listener, event)
        if told is not None:
            told(subject)


_warners: dict[str, Callable[[Invoice], list[str]]] = {}


def warn(key: str, source: Callable[[Invoice], list[str]]) -> None:
    """Register who looks over a draft before it goes out: prices above a limit, an ended plan."""
    _warners[key] = source


def warnings_of(invoice: Invoice) -> list[str]:
    """Answer what should be looked at before a draft is issued."""
    if invoice.state != "draft":
        return []
    return [words for source in _warners.values() for words in source(invoice)]
