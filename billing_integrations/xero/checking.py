"""Compares both sides: every invoice here with the one in Xero, and what stands in Xero only.

Runs at night and when somebody asks; what was found is kept as history and never changes anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from billing_integrations.invoices.models import BillingDetails, Invoice
from billing_integrations.xero import booking, links, reading, wire
from billing_integrations.xero.links import Kind, State
from billing_integrations.xero.models import XeroLink, XeroRun
from billing_integrations.xero.provider import KEY, client_of
from connections import conditions, tokens
from connections.models import Connection
from connections.settling import words_for
from ports.outcomes import BrokenConnectionError, DeliveryError
from tenants.scope import tenant_scope
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from billing_integrations.xero.models import XeroSettings
    from tenants.models import Tenant

MOST_KEPT = 500
"""Differences that are kept of one run; how many there were is counted."""
DEAD = reading.DEAD


@dataclass(frozen=True)
class Difference:
    """One invoice that is not the same on both sides. Amounts in cents; None where it is missing."""

    kind: str
    number: str
    ours: int | None
    theirs: int | None
    words: str
    advice: str
    invoice: str = ""


@dataclass(frozen=True)
class Ours:
    """One invoice as it stands here."""

    id: UUID
    number: str
    state: str
    total: int
    open: int
    xero_id: str
    link_state: str
    problem: str

    @property
    def counts(self) -> int:
        return 0 if self.state == Invoice.State.VOID else self.open


def start(tenant: Tenant, *, asked_by: str = "") -> UUID | None:
    """Note that a check is being made; None where there is nothing to compare with."""
    with tenant_scope(tenant):
        settings = links.current_settings()
        if settings is None:
            return None
        return XeroRun.objects.create(
            organisation=settings.organisation, kind=XeroRun.Kind.CHECK, asked_by=asked_by
        ).pk


def run(tenant: Tenant, run_id: UUID) -> None:
    """Make the check that was noted; its row says how it ended. Outside every scope."""
    with tenant_scope(tenant):
        found = XeroRun.objects.filter(pk=run_id, state=XeroRun.State.RUNNING).first()
        settings, connection = links.current_settings(), links.connection()
        if found is None:
            return
        if settings is None or connection is None or found.organisation != settings.organisation:
            fail(run_id, "Xero is not connected, or another organisation is by now.")
            return
        if connection.state != Connection.State.LIVE:
            fail(run_id, "Xero has to be connected again first.")
            return
        first = _first_day(settings)
    try:
        opened = tokens.open_connection(tenant, KEY)
        theirs = {}
        with client_of(opened) as client:
            for row in client.sales_from(first):
                theirs[str(row.get("InvoiceID"))] = _slim(row)
            missing = _linked_ids(tenant, settings.organisation) - set(theirs)
            for row in client.invoices(sorted(missing)):
                theirs[str(row.get("InvoiceID"))] = _slim(row)
    except Exception as error:
        with tenant_scope(tenant):
            fail(run_id, words_for(error))
            if isinstance(error, BrokenConnectionError):
                conditions.mark_broken(connection.pk, error.words, at=timezone.now())
        if isinstance(error, DeliveryError):
            return
        raise
    with tenant_scope(tenant):
        _finish(run_id, settings, theirs)


def fail(run_id: UUID, words: str) -> None:
    XeroRun.objects.filter(pk=run_id).update(
        state=XeroRun.State.FAILED, problem=words[:1000], finished_at=timezone.now()
    )


def _first_day(settings: XeroSettings) -> date:
    assert settings.go_live is not None  # noqa: S101 - `current_settings` asks for it
    return settings.go_live


def _linked_ids(tenant: Tenant, organisation: str) -> set[str]:
    with tenant_scope(tenant):
        found = XeroLink.objects.filter(
            organisation=organisation, kind=Kind.INVOICE, state__in=[State.LINKED, State.ODD]
        ).exclude(xero_id="")
        return set(found.values_list("xero_id", flat=True))


def _slim(row: Mapping[str, Any]) -> dict[str, Any]:
    seen = links.seen_of(row)
    number = str(row.get("InvoiceNumber") or "")
    return seen | {"number": number, "has_credits": bool(wire.cents(row.get("AmountCredited")))}


def _finish(run_id: UUID, settings: XeroSettings, theirs: dict[str, dict[str, Any]]) -> None:
    ours = _ours(settings)
    found = compare(ours, theirs, prefix=_prefix(settings))
    _note_seen(settings.organisation, theirs)
    linked = {one.xero_id for one in ours if one.xero_id}
    row = XeroRun.objects.get(pk=run_id)
    row.state, row.finished_at = XeroRun.State.DONE, timezone.now()
    row.compared = len([one for one in ours if one.state != Invoice.State.VOID])
    row.ours_cents = sum(one.counts for one in ours)
    row.theirs_cents = sum(
        seen["due"] for key, seen in theirs.items() if key in linked and seen["status"] not in DEAD
    )
    row.found = [asdict(one) for one in found[:MOST_KEPT]]
    row.counts = {"differences": len(found), "in_xero": len(linked & set(theirs))}
    row.save()


def _prefix(settings: XeroSettings) -> str:
    details = BillingDetails.objects.first()
    return f"{settings.number_prefix}{details.invoice_prefix if details else 'INV-'}"


def _ours(settings: XeroSettings) -> list[Ours]:
    """Answer every invoice that should be there: issued since the first day, or linked."""
    by_id = {
        link.object_id: link
        for link in XeroLink.objects.filter(organisation=settings.organisation, kind=Kind.INVOICE)
    }
    invoices = Invoice.objects.exclude(state=Invoice.State.DRAFT).filter(
        issued_on__gte=settings.go_live
    )
    rows = invoices.values_list("pk", "number", "state", "total_cents", "open_cents")
    found = []
    for pk, number, state, total, open_cents in rows.order_by("serial").iterator():
        link = by_id.get(pk)
        if not total or (link is None and state == Invoice.State.VOID):
            continue
        found.append(
            Ours(
                id=pk,
                number=booking.number_of(settings, number),
                state=state,
                total=total,
                open=open_cents or 0,
                xero_id=link.xero_id if link else "",
                link_state=link.state if link else "",
                problem=link.problem if link else "",
            )
        )
    return found


def compare(
    ours: list[Ours], theirs: Mapping[str, Mapping[str, Any]], *, prefix: str
) -> list[Difference]:
    """Answer what differs. `theirs`: InvoiceID → {"number", "status", "total", "due", …}."""
    found = [diff for one in ours if (diff := _difference(one, theirs)) is not None]
    known = {one.xero_id for one in ours}
    found += [
        Difference(
            kind="only_there",
            number=str(seen["number"]),
            ours=None,
            theirs=int(seen["total"]),
            words=f"{seen['number']} stands in Xero only.",
            advice="Its number looks like one of ours: void it there if it was entered twice.",
        )
        for key, seen in theirs.items()
        if key not in known
        and seen["status"] not in DEAD
        and prefix
        and str(seen["number"]).startswith(prefix)
    ]
    return found


def _difference(one: Ours, theirs: Mapping[str, Mapping[str, Any]]) -> Difference | None:
    seen = theirs.get(one.xero_id) if one.xero_id else None
    is_void = one.state == Invoice.State.VOID
    if seen is None or seen["status"] in DEAD:
        return None if is_void else _missing(one, seen)
    words, advice = "", ""
    if is_void:
        words = "It is void here, and still stands in Xero."
        advice = "Void it in Xero, after taking back what was paid on it there."
    elif seen["total"] != one.total:
        words = f"It comes to {money(one.total)} here and {money(seen['total'])} in Xero."
        advice = "Look at its tax rates and lines in Xero; what was changed there, change back."
    elif seen["due"] != one.open:
        words = f"{money(one.open)} is owed here, {money(seen['due'])} in Xero."
        advice = _advice(one, seen)
    if not words:
        return None
    theirs_due = int(seen["due"])
    ours_due = 0 if is_void else one.open
    return Difference("differs", one.number, ours_due, theirs_due, words, advice, str(one.id))


def _advice(one: Ours, seen: Mapping[str, Any]) -> str:
    if one.problem:
        return one.problem
    if one.open > seen["due"] and seen.get("has_credits"):
        return "A credit was set against it in Xero: write the credit note here too."
    if one.open > seen["due"]:
        return "Something was paid in Xero that has not come here: look at its payments there."
    return "Something was paid or credited here that is not in Xero: see the invoice for why."


def _missing(one: Ours, seen: Mapping[str, Any] | None) -> Difference | None:
    if seen is not None:
        words = f"It was {str(seen['status']).lower()} in Xero, and stands here."
        advice = "Void it here too, or enter it in Xero again."
    elif one.link_state == State.REFUSED:
        words, advice = "Xero has refused it.", one.problem
    elif one.xero_id:
        words, advice = "It is not in Xero any more.", "Look for it there under its number."
    else:
        words = "It is not in Xero yet."
        advice = "It goes there by itself within a quarter of an hour; else look at Integrations."
    return Difference("only_here", one.number, one.open, None, words, advice, str(one.id))


def _note_seen(organisation: str, theirs: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep how invoices stand there, for their pages; only what has changed is written."""
    found = XeroLink.objects.filter(
        organisation=organisation, kind=Kind.INVOICE, xero_id__in=list(theirs)
    )
    changed = []
    now = timezone.now()
    for link in found:
        row = theirs[link.xero_id]
        seen = {key: row[key] for key in ("status", "total", "due", "paid", "credited")}
        if seen != link.seen:
            link.seen, link.seen_at = seen, now
            changed.append(link)
    XeroLink.objects.bulk_update(changed, ["seen", "seen_at"], batch_size=500)
