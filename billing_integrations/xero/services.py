"""The verbs about a clinic's Xero that people ask for. All need the clinic's scope."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from billing_integrations.xero import links, queue
from billing_integrations.xero.models import XeroLink, XeroRun, XeroSettings
from clinical.practice.rules import require
from connections import outbox
from connections.models import OutboxEntry
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import User
    from billing_integrations.invoices.models import Invoice

FIELDS = (
    "income",
    "taxes",
    "banks",
    "tags",
    "write_off_account",
    "number_prefix",
    "go_live",
    "naming",
    "wording",
    "neutral_words",
)


class XeroError(ValueError):
    """It cannot be done like this; the words say why."""


def settings_of_clinic() -> XeroSettings | None:
    """Answer how the connected organisation is booked, also before the first day is chosen."""
    found = links.connection()
    if found is None:
        return None
    return XeroSettings.objects.filter(organisation=found.external_id).first()


@transaction.atomic
def save_settings(
    settings: XeroSettings, changes: Mapping[str, Any], *, actor: User
) -> XeroSettings:
    """Change how the clinic is booked; with a first day, what is missing since then is sent."""
    require(actor, Action.CHANGE, Resource.INTEGRATIONS)
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a setting: {', '.join(sorted(unknown))}")
    held = XeroSettings.objects.select_for_update().get(pk=settings.pk)
    for name, value in changes.items():
        setattr(held, name, value)
    held.changed_by = actor.name
    held.save()
    queue.catch_up()
    return held


@transaction.atomic
def ask_chart(*, actor: User) -> None:
    """Have accounts, tax rates and tracking categories read again."""
    require(actor, Action.CHANGE, Resource.INTEGRATIONS)
    if links.connection() is None:
        raise XeroError("Connect Xero first.")
    _later("read_chart")


@transaction.atomic
def ask_run(kind: str, *, actor: User) -> XeroRun:
    """Have both sides compared, or contacts matched; what is under way already is answered."""
    require(actor, Action.CHANGE, Resource.INVOICES)
    settings = settings_of_clinic()
    if settings is None:
        raise XeroError("Connect Xero first.")
    if kind == XeroRun.Kind.CHECK and settings.go_live is None:
        raise XeroError("Choose from which day on invoices go to Xero first.")
    fresh = timezone.now() - timedelta(hours=1)
    running = XeroRun.objects.filter(
        organisation=settings.organisation,
        kind=kind,
        state=XeroRun.State.RUNNING,
        started_at__gt=fresh,
    ).first()
    if running is not None:
        return running
    made = XeroRun.objects.create(
        organisation=settings.organisation, kind=kind, asked_by=actor.name
    )
    _later("make_run", str(made.pk))
    return made


@transaction.atomic
def send_again(invoice: Invoice, *, actor: User) -> int:
    """Let what Xero has refused of an invoice be sent once more; answers how many entries."""
    require(actor, Action.CHANGE, Resource.INVOICES)
    entries = OutboxEntry.objects.select_for_update().filter(
        lane=queue.lane_of(invoice.pk),
        state__in=[OutboxEntry.State.FAILED, OutboxEntry.State.UNCLEAR],
    )
    now, count = timezone.now(), 0
    for entry in entries:
        entry.state, entry.attempts, entry.not_before = OutboxEntry.State.WAITING, 0, now
        entry.problem, entry.claimed_at = "", None
        entry.save()
        count += 1
    XeroLink.objects.filter(invoice_id=invoice.pk, state=XeroLink.State.REFUSED).update(
        state=XeroLink.State.WAITING, problem="", changed_at=now
    )
    settings = links.current_settings()
    if settings is not None and not count:
        link = links.link_of(settings.organisation, links.Kind.INVOICE, invoice.pk)
        if link is None and queue.send_invoice(invoice, settings):
            count = 1
    if count:
        outbox.deliver_after_commit()
        record("xero.send_again", object_type="invoices_invoice", object_id=str(invoice.pk),
               subject_id=str(invoice.patient_id))  # fmt: skip
    return count


def _later(name: str, *arguments: str) -> None:
    tenant_id = current_scope().tenant_id

    def send() -> None:
        from billing_integrations.xero import tasks

        getattr(tasks, name).delay_for(tenant_id, *arguments)

    transaction.on_commit(partial(send), robust=True)
