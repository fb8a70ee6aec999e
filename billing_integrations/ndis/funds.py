"""What is left of a plan's budgets: every visit is counted once, as booked, invoiced or paid."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils import timezone

from billing_integrations.invoices.listing import charged_since
from billing_integrations.invoices.models import Invoice, InvoiceLine, WaivedVisit
from billing_integrations.ndis.quantities import share
from billing_integrations.ndis.visits import VisitPrices, category_of, day_of
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.funding.selectors import Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from clinical.funding.models import NdisPlan

Counted = dict["UUID", dict[str, Use]]


def uses_of(
    plans: Sequence[NdisPlan], *, now: datetime | None = None, without: UUID | None = None
) -> Mapping[UUID, Mapping[str, Use]]:
    """Answer what this clinic takes of one patient's plans: plan → category → cents.

    Invoiced and paid are what issued invoices say, less credit notes and write-offs; booked are lines
    of drafts, visits to come, and past visits that nobody has charged yet. Visits from before the day
    since when the clinic charges here were charged elsewhere and are not counted. `without` leaves out one
    visit: it is about to be changed.
    """
    if not plans:
        return {}
    now = now or timezone.now()
    counted: Counted = {plan.pk: defaultdict(Use) for plan in plans}
    charged = _count_lines(plans, counted, without)
    _count_visits(plans, counted, charged, now, without)
    return counted


def plan_at(plans: Iterable[NdisPlan], day: date) -> NdisPlan | None:
    """Answer the plan that runs on a day; plans of a patient never overlap."""
    return next((plan for plan in plans if plan.starts_on <= day <= plan.ends_on), None)


def _add(counted: Counted, plan: NdisPlan | None, category: str, use: Use) -> None:
    if plan is not None and category:
        counted[plan.pk][category] += use


def _count_lines(
    plans: Sequence[NdisPlan], counted: Counted, without: UUID | None
) -> set[UUID | None]:
    """Count the lines of invoices; answers the visits that stand on one."""
    lines = (
        InvoiceLine.objects.filter(invoice__patient=plans[0].patient_id)
        .exclude(invoice__state=Invoice.State.VOID)
        .select_related("invoice")
        .annotate(credited_cents=Sum("credit_lines__total_cents"))
        .order_by("invoice", "position", "id")
    )
    by_invoice: dict[UUID, list[InvoiceLine]] = defaultdict(list)
    charged = set()
    line: InvoiceLine
    for line in lines:
        charged.add(line.appointment_id)
        if without is None or line.appointment_id != without or not line.invoice.is_draft:
            by_invoice[line.invoice_id].append(line)
    for of_one in by_invoice.values():
        for line, use in _uses_of_invoice(of_one):
            day = line.service_date or line.invoice.issued_on or line.invoice.created_at.date()
            _add(counted, plan_at(plans, day), category_of(line.code), use)
    return charged


def _uses_of_invoice(lines: Sequence[InvoiceLine]) -> list[tuple[InvoiceLine, Use]]:
    invoice = lines[0].invoice
    if invoice.is_draft:
        return [(line, Use(booked_cents=line.total_cents)) for line in lines]
    nets = {str(line.pk): line.total_cents - _credited(line) for line in lines}
    paid = share(nets, min(invoice.paid_cents, sum(nets.values())))
    owed = {key: net - paid[key] for key, net in nets.items()}
    given_up = share(owed, min(invoice.written_off_cents, sum(owed.values())))
    return [
        (
            line,
            Use(
                invoiced_cents=owed[str(line.pk)] - given_up[str(line.pk)],
                paid_cents=paid[str(line.pk)],
            ),
        )
        for line in lines
    ]


def _credited(line: InvoiceLine) -> int:
    return getattr(line, "credited_cents", None) or 0


def _count_visits(
    plans: Sequence[NdisPlan],
    counted: Counted,
    charged: set[UUID | None],
    now: datetime,
    without: UUID | None,
) -> None:
    first = min(plan.starts_on for plan in plans) - timedelta(days=1)
    last = max(plan.ends_on for plan in plans) + timedelta(days=2)
    visits = (
        Appointment.objects.filter(
            patient=plans[0].patient_id,
            starts_at__gte=datetime.combine(first, time(), UTC),
            starts_at__lt=datetime.combine(last, time(), UTC),
        )
        .exclude(status__in=TAKES_NO_TIME)
        .exclude(pk__in=WaivedVisit.objects.values("appointment"))
        .select_related("location", "patient")
    )
    open_visits = [visit for visit in visits if visit.pk not in charged and visit.pk != without]
    if not open_visits:
        return
    since = charged_since() if any(visit.starts_at < now for visit in open_visits) else None
    prices = VisitPrices.read()
    for visit in open_visits:
        day = day_of(visit)
        is_elsewhere = since is not None and visit.starts_at < now and day < since
        priced = None if is_elsewhere else prices.price(visit)
        if priced is not None:
            _add(counted, plan_at(plans, day), priced.category, Use(priced.total_cents))
