"""Fees for visits that did not take place, drafted by themselves where the clinic wants it so."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing_integrations.invoices.listing import charged_since
from billing_integrations.invoices.models import CancellationRule, InvoiceLine, WaivedVisit
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.invoices.services.charging import RELATED, charge_visits, propose
from billing_integrations.invoices.services.errors import InvoiceError
from clinical.appointments.models import Appointment

MOST = 500


def draft_automatic() -> int:
    """Draft what the automatic rules ask for; answers how many. A draft owes nothing yet."""
    rules = CancellationRule.objects.filter(is_active=True, is_automatic=True)
    statuses = set(rules.values_list("applies_to", flat=True))
    if not statuses:
        return 0
    now = timezone.now()
    lines = InvoiceLine.objects.filter(appointment=OuterRef("pk")).exclude(invoice__state="void")
    waived = WaivedVisit.objects.filter(appointment=OuterRef("pk"))
    since = max(charged_since(), timezone.localdate() - timedelta(days=7))
    visits = Appointment.objects.filter(
        ~Exists(lines),
        ~Exists(waived),
        status__in=statuses,
        patient__isnull=False,
        starts_at__gte=now - (timezone.localdate() - since),
        starts_at__lt=now,
    )
    prices = PriceBook.read()
    made = 0
    for proposal in propose(visits.select_related(*RELATED)[:MOST], prices=prices):
        if proposal.rule is None or not proposal.rule.is_automatic or proposal.charge is None:
            continue
        try:
            with transaction.atomic():
                made += len(charge_visits([proposal.visit], actor=None, prices=prices))
        except InvoiceError:
            continue  # somebody was faster
    return made
