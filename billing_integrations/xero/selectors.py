"""Questions about a clinic's books in Xero. All need the clinic's scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404

from billing_integrations.invoices.models import Invoice
from billing_integrations.invoices.rules import visible_bills
from billing_integrations.xero import links, matching, queue
from billing_integrations.xero.links import Kind, State
from billing_integrations.xero.models import XeroCursor, XeroLink, XeroRun
from clinical.patients.rules import visible_patients
from connections.models import Connection, OutboxEntry

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User

SHOWN_RUNS = 30
MOST_TROUBLE = 50
_OPEN = (OutboxEntry.State.WAITING, OutboxEntry.State.SENDING)
_STUCK = (OutboxEntry.State.FAILED, OutboxEntry.State.UNCLEAR)


@dataclass(frozen=True)
class Trouble:
    """Something of one invoice that is not in Xero as it is here."""

    number: str
    what: str
    problem: str
    invoice_id: UUID | None
    is_refused: bool


@dataclass(frozen=True)
class InvoiceState:
    """How an invoice stands in Xero, for its page."""

    words: str
    tone: str
    problem: str = ""
    url: str = ""
    status: str = ""
    due_cents: int | None = None
    may_send_again: bool = False
    others: tuple[Trouble, ...] = ()


def connection() -> Connection | None:
    return links.connection()


def get_invoice(actor: User, pk: UUID) -> Invoice:
    """Answer an issued invoice; raises Http404 for whom the actor may not see it."""
    allowed = visible_bills(actor).filter(patient__in=visible_patients(actor))
    return get_object_or_404(allowed.exclude(state=Invoice.State.DRAFT), pk=pk)


def runs(organisation: str, kind: str) -> list[XeroRun]:
    return list(XeroRun.objects.filter(organisation=organisation, kind=kind)[:SHOWN_RUNS])


def run(pk: UUID) -> XeroRun | None:
    return XeroRun.objects.filter(pk=pk).first()


def former(organisation: str) -> matching.Former:
    return matching.former_of(organisation)


def cursor(organisation: str) -> XeroCursor | None:
    return XeroCursor.objects.filter(organisation=organisation).first()


def waiting() -> int:
    """Answer how many things wait to reach Xero."""
    return OutboxEntry.objects.filter(provider="xero", state__in=_OPEN).count()


def trouble(organisation: str) -> list[Trouble]:
    """Answer what Xero has refused, and what was changed there, the newest first."""
    found = XeroLink.objects.filter(
        organisation=organisation, state__in=[State.REFUSED, State.ODD]
    ).order_by("-changed_at")
    return [_trouble(link) for link in found[:MOST_TROUBLE]]


def _trouble(link: XeroLink) -> Trouble:
    return Trouble(
        number=link.number,
        what=link.get_kind_display(),
        problem=link.problem,
        invoice_id=link.invoice_id,
        is_refused=link.state == State.REFUSED,
    )


def state_of(invoice: Invoice) -> InvoiceState | None:
    """Answer how an invoice stands in Xero; None where the clinic has none, or it is not meant for it."""
    found = links.connection()
    if found is None or invoice.is_draft:
        return None
    known = list(
        XeroLink.objects.filter(organisation=found.external_id, invoice_id=invoice.pk).order_by(
            "pk"
        )
    )
    link = next((one for one in known if one.kind == Kind.INVOICE), None)
    if link is None:
        return None
    others = tuple(
        _trouble(one)
        for one in known
        if one.kind != Kind.INVOICE and one.state in {State.REFUSED, State.ODD}
    )
    stuck = OutboxEntry.objects.filter(lane=queue.lane_of(invoice.pk), state__in=_STUCK).exists()
    words, tone = _WORDS[State(link.state)]
    if link.state == State.WAITING and found.state == Connection.State.BROKEN:
        words, tone = "Waits: Xero has to be connected again", "warning"
    return InvoiceState(
        words=words,
        tone=tone,
        problem=link.problem,
        url=_url(link.xero_id),
        status=str(link.seen.get("status") or "").capitalize(),
        due_cents=link.seen.get("due"),
        may_send_again=stuck,
        others=others,
    )


@dataclass(frozen=True)
class Step:
    """One thing of an invoice that went to Xero, or came from there."""

    what: str
    at: datetime
    number: str
    words: str
    tone: str
    problem: str


def history(invoice: Invoice) -> list[Step]:
    """Answer all that went to and fro about an invoice, in order."""
    found = links.connection()
    if found is None:
        return []
    known = XeroLink.objects.filter(organisation=found.external_id, invoice_id=invoice.pk)
    return [
        Step(
            what=f"{one.get_kind_display()} from Xero"
            if one.is_from_xero
            else one.get_kind_display(),
            at=one.sent_at or one.created_at,
            number=one.number,
            words=_WORDS[State(one.state)][0] if one.state != State.GONE else "Taken back",
            tone=_WORDS[State(one.state)][1],
            problem=one.problem,
        )
        for one in known.order_by("pk")
    ]


_WORDS = {
    State.WAITING: ("On its way to Xero", "info"),
    State.LINKED: ("In Xero", "success"),
    State.REFUSED: ("Xero refused it", "danger"),
    State.GONE: ("Void in Xero", "neutral"),
    State.ODD: ("Different in Xero", "warning"),
}


def _url(xero_id: str) -> str:
    base = "https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID="
    return f"{base}{xero_id}" if xero_id else ""
