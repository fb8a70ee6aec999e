"""From visits to drafts: proposed first, then made, each visit once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action
from billing_integrations.invoices.models import Invoice, InvoiceLine, Unit, WaivedVisit
from billing_integrations.invoices.money import hours, percent_of
from billing_integrations.invoices.payers import Payer, PayerBook
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.invoices.services.access import asked_by
from billing_integrations.invoices.services.drafting import Charge, draft_invoice
from billing_integrations.invoices.services.errors import (
    AlreadyChargedError,
    InvoiceError,
    NothingToChargeError,
)
from clinical.appointments.models import Appointment
from clinical.practice.models import AppointmentType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from accounts.models import User
    from billing_integrations.invoices.models import CancellationRule, InvoiceBatch, PriceItem
    from clinical.patients.models import Patient

NDIS_ITEM = re.compile(r"\d\d_\d{3}_\d{4}_\d_\d")
"""A support item number, such as 15_056_0128_1_3 (NDIS Pricing Arrangements and Price Limits)."""
RELATED = ("patient__funding_type", "appointment_type", "practitioner", "location")
WHOLE = 100


@dataclass(frozen=True)
class Proposal:
    """What a visit would be charged as, and to whom; without a charge `problem` says why."""

    visit: Appointment
    patient: Patient
    payer: Payer
    charge: Charge | None
    rule: CancellationRule | None = None
    problem: str = ""

    @property
    def cents(self) -> int:
        return self.charge.total_cents if self.charge else 0

    @property
    def is_fee(self) -> bool:
        return self.rule is not None

    @property
    def key(self) -> tuple[UUID, str, UUID | None]:
        """Visits with the same key can stand on one invoice."""
        contact = self.payer.contact.pk if self.payer.contact else None
        return self.patient.pk, self.payer.kind, contact


def propose(
    visits: Iterable[Appointment],
    *,
    prices: PriceBook | None = None,
    payers: PayerBook | None = None,
) -> list[Proposal]:
    """Answer what each visit would be charged as; their relations are read (`RELATED`)."""
    found = [visit for visit in visits if visit.patient is not None]
    book = prices or PriceBook.read()
    known = payers or PayerBook(visit.patient_id for visit in found if visit.patient_id)
    return [_proposal(visit, book, known) for visit in found]


def _proposal(visit: Appointment, book: PriceBook, payers: PayerBook) -> Proposal:
    patient = visit.patient
    assert patient is not None  # noqa: S101 - left out above
    funding = patient.funding_type
    funding_id = funding.pk if funding else None
    day = timezone.localdate(visit.starts_at)
    payer = payers.payer_of(patient, funding, day)
    rule = None
    if visit.status != Appointment.Status.COMPLETED:
        rule = book.fee_rule(visit, funding_id)
        if rule is None:
            return Proposal(visit, patient, payer, None, problem="The visit did not take place.")
    chosen = book.item_of(visit.appointment_type_id, funding_id)
    item = (rule.item if rule else None) or (chosen.item if chosen else None)
    if item is None:
        kind = visit.appointment_type or "a visit without a type"
        return Proposal(
            visit, patient, payer, None, rule, problem=f"The price list has no item for {kind}."
        )
    cents = book.price_of(item.pk, visit.appointment_type_id, funding_id, day)
    if cents is None:
        return Proposal(
            visit, patient, payer, None, rule, problem=f"{item.code} has no price on that day."
        )
    count = chosen.quantity_hundredths if chosen and chosen.item_id == item.pk else WHOLE
    if item.unit == Unit.HOUR:
        count = hours(int((visit.ends_at - visit.starts_at).total_seconds() // 60))
    unit_cents = percent_of(cents, rule.percent) if rule else cents
    return Proposal(visit, patient, payer, _charge(visit, item, unit_cents, count, rule), rule)


def _charge(
    visit: Appointment, item: PriceItem, cents: int, count: int, rule: CancellationRule | None
) -> Charge:
    words = item.name
    claim = ""
    if rule:
        share = f" ({rule.percent}%)" if rule.percent < WHOLE else ""
        words = f"{item.name}: {rule.get_applies_to_display().lower()}{share}"
    if NDIS_ITEM.fullmatch(item.code):
        if rule:
            claim = InvoiceLine.ClaimType.CANCELLATION
        elif visit.setting == AppointmentType.Setting.TELEHEALTH:
            claim = InvoiceLine.ClaimType.TELEHEALTH
    return Charge(
        description=words[:300],
        unit_cents=cents,
        quantity_hundredths=count,
        unit=item.unit,
        gst_rule=item.gst_rule,
        code=item.code,
        service_date=timezone.localdate(visit.starts_at),
        item=item,
        appointment=visit,
        practitioner=visit.practitioner,
        location=visit.location,
        rebate_cents=None if rule else item.rebate_cents,
        income_account=item.income_account,
        claim_type=claim,
        cancellation_reason="NSDO" if claim == InvoiceLine.ClaimType.CANCELLATION else "",
    )


@transaction.atomic
def charge_visits(
    visits: Sequence[Appointment],
    *,
    actor: User | None,
    one_each: bool = False,
    batch: InvoiceBatch | None = None,
    prices: PriceBook | None = None,
) -> list[Invoice]:
    """Draft invoices for visits: one for each patient and payer, or for each visit.

    The visits are held, so that two people who press the button at once make one invoice.
    """
    asked_by(actor, Action.CREATE)
    ids = [visit.pk for visit in visits]
    held = list(
        Appointment.objects.filter(pk__in=ids)
        .select_related(*RELATED)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    charged = InvoiceLine.objects.filter(appointment__in=ids).exclude(
        invoice__state=Invoice.State.VOID
    )
    taken = charged.select_related("invoice").first()
    if taken is not None:
        raise AlreadyChargedError(f"This visit stands on {str(taken.invoice).lower()} already.")
    groups: dict[object, list[Proposal]] = {}
    held.sort(key=lambda visit: (visit.starts_at, visit.pk))
    for proposal in propose(held, prices=prices):
        if proposal.charge is None:
            raise NothingToChargeError(proposal.problem)
        key = proposal.visit.pk if one_each else proposal.key
        groups.setdefault(key, []).append(proposal)
    if not groups:
        raise NothingToChargeError("There is no visit of a patient to charge.")
    return [
        draft_invoice(
            group[0].patient,
            actor=actor,
            payer=group[0].payer,
            charges=[one.charge for one in group if one.charge],
            location=group[-1].visit.location,
            batch=batch,
        )
        for group in groups.values()
    ]


@transaction.atomic
def waive_visit(visit: Appointment, *, actor: User, reason: str = "") -> WaivedVisit:
    """Say that a visit, or a fee, is not to be charged."""
    by = asked_by(actor, Action.CREATE)
    if visit.patient_id is None:
        raise InvoiceError("Only a visit of a patient is charged.")
    waived, _ = WaivedVisit.objects.get_or_create(
        appointment=visit,
        defaults={"reason": reason, "waived_by": by, "waived_at": timezone.now()},
    )
    return waived


@transaction.atomic
def charge_after_all(visit: Appointment, *, actor: User) -> None:
    """Take a waiver back."""
    asked_by(actor, Action.CREATE)
    WaivedVisit.objects.filter(appointment=visit).delete()
