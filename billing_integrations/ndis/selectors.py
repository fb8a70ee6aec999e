"""Questions about claims to the NDIA: what can be claimed, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Prefetch, Q, Sum
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.permissions import Action, Resource, allows
from billing_integrations.invoices.models import Invoice, InvoiceLine, PayerKind
from billing_integrations.invoices.services import billing_details
from billing_integrations.ndis.claim_rows import (
    CANCELLED,
    GST_CODES,
    Circumstances,
    ClaimRow,
    Problem,
    problems_of,
    provider_problems,
    reference_of,
)
from billing_integrations.ndis.funds import plan_at
from billing_integrations.ndis.limits import LimitBook, RegionBook
from billing_integrations.ndis.models import ClaimBatch, ClaimLine, PriceList, ResultsFile
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.funding.models import NdisPlan
from clinical.patients.identifiers import normalise_identifier
from clinical.patients.models import PatientIdentifier
from clinical.practice.models import AppointmentType

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User

SHOWN = 200


@dataclass(frozen=True)
class Candidate:
    """A line of an issued invoice that the NDIA owes, as a row, with what stands in its way."""

    line: InvoiceLine
    row: ClaimRow
    problems: list[Problem]
    earlier: ClaimLine | None
    """The last attempt, which was rejected or withdrawn."""

    @property
    def is_ready(self) -> bool:
        return not self.problems

    @property
    def claim_type_label(self) -> str:
        return str(InvoiceLine.ClaimType(self.row.claim_type).label)


@dataclass(frozen=True)
class ToClaim:
    """All lines that wait to be claimed, and what of the clinic itself is missing."""

    candidates: list[Candidate]
    provider: list[Problem]

    @property
    def ready(self) -> list[Candidate]:
        return [] if self.provider else [one for one in self.candidates if one.is_ready]

    @property
    def blocked(self) -> list[Candidate]:
        return [one for one in self.candidates if not one.is_ready]

    @property
    def ready_cents(self) -> int:
        return sum(one.line.total_cents for one in self.ready)


def to_claim(today: date, *, only: Collection[UUID] | None = None) -> ToClaim:
    """Answer what the NDIA owes and was not claimed, or was rejected: a dozen queries in all."""
    details = billing_details()
    lines = list(_open_lines(only))
    patients = {line.invoice.patient_id for line in lines}
    plans: dict[UUID, list[NdisPlan]] = {}
    for plan in NdisPlan.objects.filter(patient__in=patients):
        plans.setdefault(plan.patient_id, []).append(plan)
    limits, regions = LimitBook.of(line.code for line in lines), RegionBook.read()
    found = []
    for line in lines:
        row = _row(line, details)
        region = regions.region_of(line.location_id or line.invoice.location_id)
        of_patient = plans.get(line.invoice.patient_id, [])
        about = Circumstances(
            today=today,
            region=region,
            has_price_list=row.day is not None and limits.list_at(row.day) is not None,
            limit=limits.limit_at(row.support_number, row.day, region) if row.day else None,
            has_plans=bool(of_patient),
            plan=plan_at(of_patient, row.day) if row.day else None,
            cancelled_on=_cancelled_on(line.appointment),
            credited_cents=getattr(line, "credited_cents", None) or 0,
        )
        earlier = max(line.claim_lines.all(), key=lambda one: one.pk, default=None)
        found.append(Candidate(line, row, problems_of(row, about), earlier))
    return ToClaim(found, provider_problems(details))


def _open_lines(only: Collection[UUID] | None) -> QuerySet[InvoiceLine]:
    numbers = PatientIdentifier.objects.filter(kind=PatientIdentifier.Kind.NDIS)
    lines = InvoiceLine.objects.filter(
        invoice__payer_kind=PayerKind.NDIA, invoice__state__in=Invoice.OPEN_STATES
    )
    if only is not None:
        lines = lines.filter(pk__in=only)
    held = ClaimLine.objects.filter(state__in=ClaimLine.HOLDING)
    return (
        lines.exclude(pk__in=held.values("line"))
        .select_related(
            "invoice",
            "invoice__patient",
            "appointment__location",
            "appointment__appointment_type",
            "claim_detail",
        )
        .prefetch_related(
            Prefetch("invoice__patient__identifiers", queryset=numbers, to_attr="ndis_numbers"),
            "claim_lines",
        )
        .annotate(credited_cents=Sum("credit_lines__total_cents"))
        .order_by(
            "invoice__patient__sort_name", "service_date", "invoice__serial", "position", "id"
        )
    )


def _row(line: InvoiceLine, details: Any) -> ClaimRow:
    claim_type, reason = claim_type_of(line)
    numbers: list[PatientIdentifier] = getattr(line.invoice.patient, "ndis_numbers", [])
    number = numbers[0].value if numbers else line.invoice.participant_number
    return ClaimRow(
        registration=details.ndis_registration,
        ndis_number=normalise_identifier(number),
        day=line.service_date,
        support_number=line.code,
        reference=reference_of(line.invoice.number, line.position, len(line.claim_lines.all()) + 1),
        quantity_hundredths=line.quantity_hundredths,
        unit_cents=line.unit_cents,
        gst_code=GST_CODES.get(line.gst_rule, ""),
        claim_type=claim_type,
        cancellation_reason=reason,
        abn=details.abn,
    )


def claim_type_of(line: InvoiceLine) -> tuple[str, str]:
    """Answer claim type and reason: as a person set them, else the line, else the visit says."""
    detail = getattr(line, "claim_detail", None)
    if detail is not None:
        return detail.claim_type, detail.cancellation_reason
    if line.claim_type:
        return line.claim_type, line.cancellation_reason
    visit = line.appointment
    if visit is not None and visit.status in TAKES_NO_TIME:
        return CANCELLED, ""
    if visit is not None and visit.setting == AppointmentType.Setting.TELEHEALTH:
        return InvoiceLine.ClaimType.TELEHEALTH, ""
    return "", ""


def _cancelled_on(visit: Appointment | None) -> date | None:
    if visit is None or visit.status not in {
        Appointment.Status.CANCELLED, Appointment.Status.LATE_CANCELLATION
    }:  # fmt: skip
        return None
    try:
        moment = datetime.fromisoformat(visit.status_times.get(visit.status, ""))
    except ValueError:
        return None
    return timezone.localdate(moment)


def batches() -> list[ClaimBatch]:
    """Answer the bulk payment requests, the newest first, with how their rows stand."""
    state = ClaimLine.State
    return list(
        ClaimBatch.objects.defer("content").annotate(
            waiting=Count("lines", filter=Q(lines__state=state.WAITING)),
            paid=Count("lines", filter=Q(lines__state=state.PAID)),
            rejected=Count("lines", filter=Q(lines__state=state.REJECTED)),
            received=Sum("lines__paid_cents"),
        )[:SHOWN]
    )


def get_batch(actor: User, pk: UUID) -> ClaimBatch:
    """Answer a bulk payment request; raises Http404 for whom the actor may not see it."""
    found = ClaimBatch.objects.all()
    return get_object_or_404(found if _may_see(actor) else found.none(), pk=pk)


def lines_of_batch(batch: ClaimBatch) -> Sequence[ClaimLine]:
    return list(batch.lines.select_related("line", "line__invoice", "patient", "payment"))


def get_line(actor: User, pk: UUID) -> InvoiceLine:
    """Answer a line of an issued invoice to the NDIA; raises Http404."""
    lines = InvoiceLine.objects.filter(
        invoice__payer_kind=PayerKind.NDIA, invoice__issued_on__isnull=False
    ).select_related("invoice", "claim_detail")
    return get_object_or_404(lines if _may_see(actor) else lines.none(), pk=pk)


def results_files() -> Sequence[ResultsFile]:
    return list(ResultsFile.objects.all()[:SHOWN])


def get_results(actor: User, pk: UUID) -> ResultsFile:
    found = ResultsFile.objects.all()
    return get_object_or_404(found if _may_see(actor) else found.none(), pk=pk)


def price_lists() -> Sequence[PriceList]:
    return list(PriceList.objects.order_by("-valid_from", "-loaded_at"))


def get_price_list(pk: UUID) -> PriceList:
    return get_object_or_404(PriceList, pk=pk)


def claims_of_invoice(invoice: Invoice) -> Sequence[ClaimLine]:
    """Answer the rows in which an invoice was claimed, the newest first."""
    lines = ClaimLine.objects.filter(line__invoice=invoice)
    return list(lines.select_related("batch", "line").defer("batch__content").order_by("-pk"))


def _may_see(actor: User) -> bool:
    return allows(actor, Action.VIEW, Resource.INVOICES)
