"""What must be printed for a claim with Medicare or DVA, and what of it is missing.

Health Insurance Act 1973 and its regulations ask of an account: whose service, on which day, which
item, what was charged and paid, the practitioner's name and provider number for the place, and for a
referred service the referrer with provider number and the day of the referral. DVA asks for the file
number and the kind of card besides. Claiming online needs a certification by Services Australia.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format

from billing_integrations.invoices.models import Invoice, InvoiceLine, PayerKind
from billing_integrations.invoices.printing import Paper, written_abn
from clinical.patients.models import Patient, PatientIdentifier
from clinical.practice.provider_numbers import is_provider_number, number_at
from clinical.referrals.models import Referral, ReferralVisit
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

_ITEM = re.compile(r"[A-Z]{0,3}\d{1,6}[A-Z]?")
"""MBS items are figures; DVA's have letters too, such as F003 or PH20."""
_SCHEMES = {
    PayerKind.DVA: PatientIdentifier.Kind.DVA,
    PayerKind.MEDICARE: PatientIdentifier.Kind.MEDICARE,
}
_REFERRAL_KINDS = {
    PatientIdentifier.Kind.MEDICARE: (
        Referral.Kind.CHRONIC, Referral.Kind.GP, Referral.Kind.SPECIALIST,
    ),
    PatientIdentifier.Kind.DVA: (Referral.Kind.DVA, Referral.Kind.GP, Referral.Kind.SPECIALIST),
}  # fmt: skip


@dataclass(frozen=True)
class Service:
    """One line as a claim needs it."""

    line: InvoiceLine
    provider: str
    provider_number: str
    referral: Referral | None


@dataclass(frozen=True)
class ClaimStatement:
    """Everything that is printed, and in words what is missing."""

    invoice: Invoice
    scheme: str
    card: PatientIdentifier | None
    services: list[Service]
    missing: list[str] = field(default_factory=list)


def scheme_of(invoice: Invoice, lines: Sequence[InvoiceLine]) -> str:
    """Answer `medicare` or `dva` where a claim can be made of the invoice, else nothing."""
    kind = _SCHEMES.get(PayerKind(invoice.payer_kind))
    if kind is None and any(line.rebate_cents for line in lines):
        kind = PatientIdentifier.Kind.MEDICARE
    return kind or ""


def statement_of(invoice: Invoice) -> ClaimStatement | None:
    """Answer what is printed for an issued invoice; None where neither scheme pays any of it."""
    lines = list(
        invoice.lines.select_related("practitioner", "location", "appointment").prefetch_related(
            "practitioner__provider_numbers"
        )
    )
    scheme = scheme_of(invoice, lines)
    if not scheme or invoice.is_draft:
        return None
    if scheme == PatientIdentifier.Kind.MEDICARE and invoice.payer_kind not in _SCHEMES:
        lines = [line for line in lines if line.rebate_cents]
    referrals = _referrals(invoice.patient_id, scheme, lines)
    services = [
        Service(
            line=line,
            provider=line.practitioner.name if line.practitioner else "",
            provider_number=number_at(
                line.practitioner.provider_numbers.all() if line.practitioner else (),
                line.location_id or invoice.location_id,
            ),
            referral=referrals.get(line.pk),
        )
        for line in lines
    ]
    card = PatientIdentifier.objects.filter(patient=invoice.patient_id, kind=scheme).first()
    missing = list(dict.fromkeys(_missing(invoice.patient, scheme, card, services)))
    return ClaimStatement(invoice, scheme, card, services, missing)


def _referrals(patient_id: UUID, scheme: str, lines: Sequence[InvoiceLine]) -> dict[UUID, Referral]:
    """Answer each line's referral: its visit's, else the latest of the right kind before its day."""
    visits = {line.appointment_id for line in lines if line.appointment_id}
    linked = {
        link.appointment_id: link.referral
        for link in ReferralVisit.objects.filter(appointment__in=visits).select_related(
            "referral__referrer"
        )
        if link.referral is not None
    }
    kinds = _REFERRAL_KINDS[PatientIdentifier.Kind(scheme)]
    others = list(
        Referral.objects.filter(patient=patient_id, kind__in=kinds)
        .select_related("referrer")
        .order_by("-referred_on")
    )
    found = {}
    for line in lines:
        day = line.service_date
        referral = (linked.get(line.appointment_id) if line.appointment_id else None) or next(
            (one for one in others if day and one.referred_on <= day and _runs(one, day)), None
        )
        if referral is not None:
            found[line.pk] = referral
    return found


def _runs(referral: Referral, day: date) -> bool:
    return referral.expires_on is None or day <= referral.expires_on


def _missing(
    patient: Patient, scheme: str, card: PatientIdentifier | None, services: Sequence[Service]
) -> list[str]:
    label = PatientIdentifier.Kind(scheme).label
    found = []
    if card is None:
        found.append(f"{patient.full_name} has no {label} number on record.")
    else:
        if card.is_valid is False:
            found.append(f"The {label} number on record cannot be right: compare it with the card.")
        if scheme == PatientIdentifier.Kind.MEDICARE and not _irn(card):
            found.append("The person's figure (IRN) on the Medicare card is missing.")
        if scheme == PatientIdentifier.Kind.DVA and not card.colour:
            found.append("The colour of the DVA card is missing.")
        latest = max(
            (one.line.service_date for one in services if one.line.service_date), default=None
        )
        if card.expires_on and latest and card.expires_on < latest:
            found.append(f"The {label} card ran out on {_day(card.expires_on)}.")
    if patient.date_of_birth is None:
        found.append("The date of birth is missing.")
    for one in services:
        found += _missing_of(one)
    return found


def _missing_of(service: Service) -> list[str]:
    line, found = service.line, []
    what = f"“{line.description}”"
    if line.service_date is None:
        found.append(f"{what} has no date of service.")
    if not _ITEM.fullmatch(line.code):
        found.append(f"{what} has no item number of the scheme.")
    if not service.provider:
        found.append(f"{what} names no practitioner.")
    elif not service.provider_number:
        found.append(f"{service.provider} has no provider number for this location.")
    elif not is_provider_number(service.provider_number):
        found.append(f"The provider number of {service.provider} cannot be right.")
    referral = service.referral
    if referral is None:
        found.append(f"No referral is on record for {_day(line.service_date) or what}.")
    else:
        if not referral.referrer_shown:
            found.append(f"The referral of {_day(referral.referred_on)} names no referrer.")
        elif not (referral.referrer and referral.referrer.provider_number):
            found.append(f"{referral.referrer_shown} has no provider number in the address book.")
        if line.service_date and not _runs(referral, line.service_date):
            found.append(f"The referral of {_day(referral.referred_on)} had ended by then.")
    return found


def _irn(card: PatientIdentifier) -> str:
    """Answer the person's figure: its own field, or the eleventh digit."""
    return card.reference or card.normalised[10:11]


def statement_paper(statement: ClaimStatement) -> Paper:
    """Answer the statement for printing."""
    invoice, card = statement.invoice, statement.card
    patient, issuer = invoice.patient, invoice.issuer
    person = [
        ("Patient", invoice.participant_name or patient.full_name),
        ("Date of birth", _day(patient.date_of_birth)),
        *(_card_facts(statement.scheme, card) if card else ()),
    ]
    is_dva = statement.scheme == PatientIdentifier.Kind.DVA
    charged = sum(one.line.total_cents for one in statement.services)
    sums = [("Charged", money(charged), True)]
    if charged == invoice.total_cents:
        sums.append(("Paid", money(invoice.paid_cents), False))
        sums.append(("Still to pay", money(invoice.open_cents), True))
    else:
        sums.append(("Invoice total", money(invoice.total_cents), False))
        sums.append(("Paid of the invoice", money(invoice.paid_cents), False))
    content: dict[str, Any] = {
        "title": "Statement for a DVA claim" if is_dva else "Statement for a Medicare claim",
        "stamp": "VOID" if invoice.state == Invoice.State.VOID else "",
        "legal_name": issuer.get("legal_name", ""),
        "abn": written_abn(issuer.get("abn", "")),
        "address": [one for one in issuer.get("address", "").splitlines() if one.strip()],
        "phone": issuer.get("phone", ""),
        "email": issuer.get("email", ""),
        "payer_name": invoice.payer_name.splitlines() or [patient.full_name],
        "payer_address": invoice.payer_address.splitlines(),
        "facts": [("Invoice", invoice.number), ("Issued", _day(invoice.issued_on))],
        "person": [fact for fact in person if fact[1]],
        "rows": [_printed(one) for one in statement.services],
        "sums": sums,
        "footer_text": issuer.get("footer_text", ""),
    }
    return Paper("claim_statement.typ", content)


def _card_facts(scheme: str, card: PatientIdentifier) -> list[tuple[str, str]]:
    if scheme == PatientIdentifier.Kind.DVA:
        kind = card.get_colour_display() if card.colour else ""
        return [("DVA file number", card.value), ("DVA card", kind)]
    expires = f"{card.expires_on:%m/%Y}" if card.expires_on else ""
    return [
        ("Medicare number", _spaced(card.normalised or card.value)),
        ("Person on the card (IRN)", _irn(card)),
        ("Card valid to", expires),
    ]


def _spaced(number: str) -> str:
    """Write a Medicare number as the card does: 2123 45670 1."""
    plain = number[:10]
    return f"{plain[:4]} {plain[4:9]} {plain[9:]}".strip() if plain.isdigit() else number


def _printed(service: Service) -> dict[str, str]:
    line, referral = service.line, service.referral
    referred = ""
    if referral is not None:
        contact = referral.referrer
        number = contact.provider_number if contact else ""
        referred = " · ".join(
            filter(
                None,
                [
                    f"Referred by {referral.referrer_shown}" if referral.referrer_shown else "",
                    f"provider number {number}" if number else "",
                    f"on {_day(referral.referred_on)}",
                    f"for {referral.months} months" if referral.months else "",
                ],
            )
        )
    place = line.location or service.line.invoice.location
    return {
        "date": _day(line.service_date),
        "item": line.code,
        "what": line.description,
        "provider": " · ".join(
            filter(
                None,
                [
                    service.provider,
                    f"provider number {service.provider_number}" if service.provider_number else "",
                    place.name if place else "",
                ],
            )
        ),
        "referral": referred,
        "total": money(line.total_cents),
        "rebate": money(line.rebate_cents) if line.rebate_cents else "",
    }


def _day(day: date | None) -> str:
    return date_format(day, "j M Y") if day else ""
