"""Questions about results. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404

from clinical.appointments.models import Appointment
from clinical.pathology.hl7v2 import Person
from clinical.pathology.matching import Candidate, candidates_for
from clinical.pathology.models import ResultFile, ResultMessage, ResultReport, ResultValue
from clinical.pathology.rules import visible_reports
from clinical.pathology.wording import (
    FLAGS,
    LINE_STATUSES,
    ORDINARY,
    STATUSES,
    URGENT,
)
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import Practitioner

PAGE_SIZE = 100
MOST_OF_A_PATIENT = 300


@dataclass(frozen=True)
class ShownValue:
    """One line of a report as a page shows it."""

    value: ResultValue
    flag: tuple[str, str] | None
    status: str
    is_struck: bool
    before: ResultValue | None


def get_report(actor: User, pk: UUID) -> ResultReport:
    """Answer a report of a patient; raises Http404 for whom the actor may not see it."""
    reports = visible_reports(actor).filter(patient__in=visible_patients(actor))
    related = (
        "message", "message__document", "patient", "patient__location", "patient__funding_type",
        "replaced_by", "review",
    )  # fmt: skip
    return get_object_or_404(reports.select_related(*related), pk=pk)


def get_message(pk: UUID) -> ResultMessage:
    """Answer what was sent, for whoever files results."""
    return get_object_or_404(ResultMessage.objects.select_related("patient", "document"), pk=pk)


def values_of(report: ResultReport) -> list[ShownValue]:
    """Answer the lines, each with the value of the same test before."""
    values = list(report.values.select_related("document").order_by("position"))
    earlier = _earlier_of(report, {value.code for value in values if value.kind == "NM"})
    return [
        ShownValue(
            value,
            FLAGS.get(value.flag),
            LINE_STATUSES.get(value.status, ""),
            value.status in {"D", "W"},
            earlier.get(value.code) if value.kind == "NM" else None,
        )
        for value in values
    ]


def _earlier_of(report: ResultReport, codes: set[str]) -> dict[str, ResultValue]:
    if report.collected_at is None or not codes or report.patient_id is None:
        return {}
    rows = (
        ResultValue.objects.filter(
            report__patient_id=report.patient_id,
            report__collected_at__lt=report.collected_at,
            report__replaced_by=None,
            code__in=codes,
            kind="NM",
        )
        .exclude(status__in=["D", "W"])
        .select_related("report")
        .order_by("code", "-report__collected_at")
        .distinct("code")
    )
    return {row.code: row for row in rows}


def status_words(report: ResultReport) -> tuple[str, str] | None:
    return STATUSES.get(report.status)


def with_attention(reports: QuerySet[ResultReport]) -> QuerySet[Any]:
    """Say of each whether a line of it is flagged, and whether one is urgent."""
    flagged = ResultValue.objects.filter(report=OuterRef("pk")).exclude(flag__in=ORDINARY)
    return reports.annotate(
        is_abnormal=Exists(flagged), is_urgent=Exists(flagged.filter(flag__in=URGENT))
    )


def reports_of(actor: User, patient: Patient) -> list[Any]:
    """Answer the patient's reports, newest first, those that were replaced too."""
    reports = with_attention(visible_reports(actor).filter(patient=patient))
    related = reports.select_related("message", "review", "replaced_by")
    return list(related.order_by("-collected_at", "-id")[:MOST_OF_A_PATIENT])


def unreviewed(actor: User, *, practitioner: Practitioner | None = None) -> list[Any]:
    """Answer reports that nobody has signed off, urgent ones first.

    With a clinician only those of patients who have had or have a visit with them.
    """
    reports = visible_reports(actor).filter(
        patient__in=visible_patients(actor), is_reviewed=False, replaced_by=None
    )
    if practitioner is not None:
        visits = Appointment.objects.filter(
            patient=OuterRef("patient_id"), practitioner=practitioner
        )
        reports = reports.filter(Exists(visits))
    rows = with_attention(reports).select_related("patient", "message")
    return list(rows.order_by("-is_urgent", "-is_abnormal", "created_at")[:PAGE_SIZE])


def unreviewed_count(patient: Patient) -> int | None:
    """Answer how many reports of the patient wait to be seen; None for none, which shows nothing."""
    waiting = ResultReport.objects.filter(patient=patient, is_reviewed=False, replaced_by=None)
    return waiting.count() or None


def unmatched() -> list[ResultMessage]:
    """Answer messages that belong to nobody yet, oldest first."""
    waiting = ResultMessage.objects.filter(patient=None, state=ResultMessage.State.RECEIVED)
    return list(waiting.order_by("received_at")[:PAGE_SIZE])


def quarantined() -> list[ResultMessage]:
    """Answer what could not be read."""
    broken = ResultMessage.objects.filter(state=ResultMessage.State.QUARANTINED)
    return list(broken.order_by("-received_at")[:PAGE_SIZE])


def filed_lately(*, since: datetime) -> list[ResultMessage]:
    """Answer what was given to patients lately, to be looked over or taken back."""
    filed = ResultMessage.objects.filter(patient__isnull=False, received_at__gte=since)
    return list(filed.select_related("patient").order_by("-received_at")[:30])


def person_of(message: ResultMessage) -> Person:
    """Answer whom the message says it is about."""
    told = dict(message.person)
    return Person(
        family_name=told.get("family_name", ""),
        given_names=told.get("given_names", ""),
        born=message.born,
        sex=told.get("sex", ""),
        medicare=told.get("medicare", ""),
    )


def suggestions_for(actor: User, message: ResultMessage) -> Sequence[Candidate]:
    """Answer who may be meant, with what speaks for and against."""
    found = candidates_for(person_of(message))
    ids = [candidate.patient.pk for candidate in found]
    seen = set(visible_patients(actor).filter(pk__in=ids).values_list("pk", flat=True))
    return [candidate for candidate in found if candidate.patient.pk in seen]


def files_of_results() -> QuerySet[Any, Any]:
    """Answer the ids of files that say what a result says: for `documents.rules.close_off`."""
    return ResultFile.objects.values("document_id")
