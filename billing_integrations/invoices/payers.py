"""Who pays for a visit: the patient's own payer, the funding's, or what its name says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from billing_integrations.invoices.models import DefaultPayer, FundingPayer, PayerKind
from clinical.funding.models import NdisPlan
from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from billing_integrations.invoices.models import Invoice, InvoiceLine
    from clinical.contacts.models import Contact
    from clinical.practice.models import FundingType

SCHEMES = {
    PayerKind.NDIA: "National Disability Insurance Agency",
    PayerKind.DVA: "Department of Veterans\N{RIGHT SINGLE QUOTATION MARK} Affairs",
    PayerKind.MEDICARE: "Services Australia, Medicare",
}
_NAMES = {
    "ndis": FundingPayer.Kind.PLAN,
    "dva": FundingPayer.Kind.DVA,
    "veteran": FundingPayer.Kind.DVA,
    "bulk": FundingPayer.Kind.MEDICARE,
}
"""What the name of a funding type says where the clinic has set nothing."""


@dataclass(frozen=True)
class Payer:
    """Who pays, and what has to be asked first."""

    kind: str = PayerKind.PATIENT
    contact: Contact | None = None
    reference: str = ""
    doubt: str = ""
    """Why a person should look before the invoice goes out."""

    @property
    def label(self) -> str:
        return str(self.contact) if self.contact else PayerKind(self.kind).label


def is_ndis(funding_type: FundingType | None) -> bool:
    return funding_type is not None and "ndis" in funding_type.name.casefold()


def guess_payer(funding: FundingType) -> str:
    """Answer who pays by the name of the funding, where the clinic has not said."""
    name = funding.name.casefold()
    return next((kind for word, kind in _NAMES.items() if word in name), FundingPayer.Kind.PATIENT)


class PayerBook:
    """What is known of who pays for some patients: read at once, and only as far as it is asked."""

    def __init__(self, patients: Iterable[UUID]) -> None:
        self._ids = list(set(patients))
        own = DefaultPayer.objects.filter(patient__in=self._ids).select_related("contact")
        self.own = {(payer.patient_id, payer.funding_type_id): payer for payer in own}

    @cached_property
    def by_funding(self) -> dict[UUID, FundingPayer]:
        rules = FundingPayer.objects.select_related("contact")
        return {rule.funding_type_id: rule for rule in rules}

    @cached_property
    def plans(self) -> dict[UUID, list[NdisPlan]]:
        found: dict[UUID, list[NdisPlan]] = {}
        plans = NdisPlan.objects.filter(patient__in=self._ids).select_related("plan_manager")
        for plan in plans:
            found.setdefault(plan.patient_id, []).append(plan)
        return found

    def payer_of(self, patient: Patient, funding: FundingType | None, on: date) -> Payer:
        """Answer who pays for a patient's visit on a day."""
        for key in ((patient.pk, funding.pk if funding else None), (patient.pk, None)):
            if key in self.own:
                found = self.own[key]
                return Payer(found.payer_kind, found.contact, found.reference)
        if funding is None:
            return Payer()
        rule = self.by_funding.get(funding.pk)
        kind = rule.kind if rule else guess_payer(funding)
        if kind == FundingPayer.Kind.PLAN:
            return self._by_plan(patient, on)
        return Payer(kind, rule.contact if rule else None)

    def _by_plan(self, patient: Patient, on: date) -> Payer:
        running = [p for p in self.plans.get(patient.pk, ()) if p.starts_on <= on <= p.ends_on]
        if not running:
            return Payer(doubt="No NDIS plan covers this day: ask who pays.")
        plan = running[0]
        if plan.management == NdisPlan.Management.AGENCY:
            return Payer(PayerKind.NDIA)
        if plan.management == NdisPlan.Management.PLAN:
            if plan.plan_manager is None:
                return Payer(doubt="The NDIS plan is plan-managed, but names no plan manager.")
            return Payer(PayerKind.CONTACT, plan.plan_manager)
        if plan.management == NdisPlan.Management.SELF:
            return Payer()
        return Payer(doubt="The NDIS plan does not say who manages its money.")


def payer_facts(invoice: Invoice) -> tuple[str, str, str]:
    """Answer name, address and mail address of who pays, as they are now."""
    if invoice.contact is not None:
        contact = invoice.contact
        names = dict.fromkeys(filter(None, (contact.full_name, contact.organisation)))
        return "\n".join(names), contact.address, contact.email
    if invoice.payer_kind != PayerKind.PATIENT:
        return SCHEMES[PayerKind(invoice.payer_kind)], "", ""
    return invoice.patient.full_name, _address(invoice.patient), mail_of(invoice.patient)


def mail_of(patient: Patient) -> str:
    points = ContactPoint.objects.filter(patient=patient, kind=ContactPoint.Kind.EMAIL)
    return points.values_list("value", flat=True).first() or ""


def _address(patient: Patient) -> str:
    addresses = list(Address.objects.filter(patient=patient))
    addresses.sort(key=lambda one: one.kind != Address.Kind.POSTAL)
    if not addresses:
        return ""
    first = addresses[0]
    place = " ".join(filter(None, [first.suburb, first.state, first.postcode]))
    return "\n".join(filter(None, [first.lines, place, first.country]))


_SCHEME_NUMBERS = {
    PayerKind.NDIA: PatientIdentifier.Kind.NDIS,
    PayerKind.DVA: PatientIdentifier.Kind.DVA,
    PayerKind.MEDICARE: PatientIdentifier.Kind.MEDICARE,
}


def participant_of(invoice: Invoice, lines: Sequence[InvoiceLine]) -> tuple[str, str]:
    """Answer how the patient's number is called that must be printed, and the number."""
    kind = _SCHEME_NUMBERS.get(PayerKind(invoice.payer_kind))
    if kind is None and is_ndis(invoice.funding_type):
        kind = PatientIdentifier.Kind.NDIS
    if kind is None and any(line.rebate_cents for line in lines):
        kind = PatientIdentifier.Kind.MEDICARE
    if kind is None:
        return "", ""
    numbers = PatientIdentifier.objects.filter(patient=invoice.patient_id, kind=kind)
    value = numbers.values_list("value", flat=True).first() or ""
    return f"{kind.label} number", value
