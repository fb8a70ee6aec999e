"""Invoices by what people look for: state, payer, dates, number; and what is to be charged yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from billing_integrations.invoices.models import (
    BillingDetails,
    CancellationRule,
    Invoice,
    InvoiceLine,
    WaivedVisit,
)
from billing_integrations.invoices.rules import visible_bills
from clinical.appointments.models import Appointment
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient

PAGE_SIZE = 50
CHARGE_DAYS = 60
"""So far back visits are looked for where the clinic has not said since when it charges here."""
VIEWS = {
    "": ("All", Q()),
    "draft": ("Drafts", Q(state="draft")),
    "open": ("Open", Q(state__in=["issued", "part_paid"])),
    "overdue": ("Overdue", Q(state__in=["issued", "part_paid"])),
    "paid": ("Paid", Q(state="paid")),
    "void": ("Void", Q(state="void")),
}


@dataclass(frozen=True)
class Wanted:
    """What a list of invoices is narrowed to."""

    view: str = ""
    payer_kind: str = ""
    contact: Contact | None = None
    since: date | None = None
    until: date | None = None
    number: str = ""
    batch: UUID | None = None
    before: UUID | None = None


@dataclass(frozen=True)
class InvoicePage:
    invoices: Sequence[Invoice]
    older: UUID | None


def find_invoices(actor: User, wanted: Wanted, *, today: date) -> InvoicePage:
    """Answer a page, the newest first; their relations are read."""
    found = _narrowed(actor, wanted, today)
    if wanted.before:
        found = found.filter(pk__lt=wanted.before)
    rows = list(
        found.select_related("patient", "contact", "funding_type").order_by("-pk")[: PAGE_SIZE + 1]
    )
    older = rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None
    return InvoicePage(rows[:PAGE_SIZE], older)


def _narrowed(actor: User, wanted: Wanted, today: date) -> QuerySet[Invoice]:
    found = visible_bills(actor).filter(patient__in=visible_patients(actor))
    if wanted.number:
        digits = "".join(filter(str.isdigit, wanted.number))
        by_number = Q(number=wanted.number.strip().upper())
        if digits and len(digits) < 18:  # noqa: PLR2004 - more is no bigint
            by_number |= Q(serial=int(digits))
        return found.filter(by_number)
    found = found.filter(VIEWS.get(wanted.view, VIEWS[""])[1])
    if wanted.view == "overdue":
        found = found.filter(due_on__lt=today)
    if wanted.contact:
        found = found.filter(contact=wanted.contact)
    elif wanted.payer_kind:
        found = found.filter(payer_kind=wanted.payer_kind)
    if wanted.since:
        found = found.filter(issued_on__gte=wanted.since)
    if wanted.until:
        found = found.filter(issued_on__lte=wanted.until)
    if wanted.batch:
        found = found.filter(batch=wanted.batch)
    return found


# ── what is to be charged yet ────────────────────────────────────────────────────────────────────


def charged_since() -> date:
    """Answer the first day whose visits are looked at."""
    details = BillingDetails.objects.only("charge_since").first()
    since = details.charge_since if details else None
    return since or timezone.localdate() - timedelta(days=CHARGE_DAYS)


def visits_to_charge(
    actor: User,
    *,
    since: date | None = None,
    until: date | None = None,
    patient: Patient | None = None,
) -> QuerySet[Appointment]:
    """Answer visits that took place and stand on no invoice, and those a fee may be asked for."""
    since = since or charged_since()
    zone = timezone.get_current_timezone()
    rules = CancellationRule.objects.filter(is_active=True, applies_to=OuterRef("status"))
    found = Appointment.objects.filter(
        Q(status=Appointment.Status.COMPLETED) | Q(Exists(rules)),
        patient__in=visible_patients(actor),
        starts_at__gte=_start(since, zone),
        starts_at__lt=_start(until + timedelta(days=1), zone) if until else timezone.now(),
    )
    if patient is not None:
        found = found.filter(patient=patient)
    charged = InvoiceLine.objects.filter(appointment=OuterRef("pk")).exclude(invoice__state="void")
    waived = WaivedVisit.objects.filter(appointment=OuterRef("pk"))
    return found.filter(~Exists(charged), ~Exists(waived)).order_by("-starts_at", "-pk")


def _start(day: date, zone: object) -> datetime:
    local = zone if isinstance(zone, ZoneInfo) else UTC
    return datetime(day.year, day.month, day.day, tzinfo=local)
