"""Questions about measures. Those that take an actor answer only what they may see."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import F, Min
from django.shortcuts import get_object_or_404

from accounts.permissions import Action, Resource, allows
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import STILL_TO_COME, Status
from clinical.measures.changes import Change, change_between, plain
from clinical.measures.instruments import all_instruments, get_instrument
from clinical.measures.models import Assessment, MeasureSettings, PatientLink, Repeat
from clinical.measures.rules import visible_assessments, visible_links, visible_repeats
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.measures.instruments import Band, Instrument
    from clinical.patients.models import Patient

COMPLETE = Assessment.State.COMPLETE
ACTIVE_DAYS = 60
"""A patient is somebody's while a visit lies no further back, or one is to come."""
FORGOTTEN_DAYS = 365
"""What was last measured longer ago belongs to an episode that has ended."""


@dataclass(frozen=True)
class LatestScore:
    """Where a patient stands on one measure; see `better_by` for which way is better."""

    code: str
    score: Decimal
    taken_on: date
    band: str
    band_label: str
    tone: str
    previous: Decimal | None
    first: Decimal | None
    count: int
    subscores: dict[str, Decimal]
    better_by: Decimal | None
    is_important: bool
    assessment_id: UUID


@dataclass(frozen=True)
class Due:
    """A measure that is to be taken again."""

    code: str
    name: str
    last_on: date
    due_on: date
    score: Decimal


@dataclass(frozen=True)
class Taken:
    """One complete assessment in its course."""

    assessment: Assessment
    score: Decimal
    band: Band | None
    since_previous: Change | None
    since_first: Change | None

    @property
    def plain(self) -> str:
        return plain(self.score)


@dataclass(frozen=True)
class Course:
    """All that was taken of one instrument, oldest first."""

    instrument: Instrument
    taken: tuple[Taken, ...]

    @property
    def latest(self) -> Taken:
        return self.taken[-1]

    @property
    def newest_first(self) -> tuple[Taken, ...]:
        return self.taken[::-1]


@dataclass(frozen=True)
class DueRow:
    """A line of the work list."""

    patient: Patient
    due: Sequence[Due]
    next_visit: datetime | None = field(default=None)


# ── one patient ──────────────────────────────────────────────────────────────────────────────────


def get_assessment(actor: User, pk: UUID) -> Assessment:
    """Answer an assessment with its patient; raises Http404 for whom the actor may not see it."""
    related = ("patient", "patient__location", "patient__funding_type", "replaces", "appointment")
    return get_object_or_404(visible_assessments(actor).select_related(*related), pk=pk)


def get_link(actor: User, pk: UUID) -> PatientLink:
    return get_object_or_404(visible_links(actor).select_related("patient"), pk=pk)


def courses_of(actor: User, patient: Patient) -> list[Course]:
    """Answer every measure the patient has, the one taken last first."""
    rows = visible_assessments(actor).filter(patient=patient, state=COMPLETE)
    by_code: dict[str, list[Assessment]] = defaultdict(list)
    for row in rows.order_by("taken_on", "completed_at", "id").defer("answers"):
        by_code[row.code].append(row)
    courses = [_course(found) for found in by_code.values()]
    return sorted(courses, key=lambda course: course.latest.assessment.taken_on, reverse=True)


def course_of(actor: User, patient: Patient, code: str) -> Course | None:
    rows = visible_assessments(actor).filter(patient=patient, state=COMPLETE, code=code)
    found = list(rows.order_by("taken_on", "completed_at", "id"))
    return _course(found) if found else None


def open_drafts(actor: User, patient: Patient) -> list[Assessment]:
    rows = visible_assessments(actor).filter(patient=patient, state=Assessment.State.DRAFT)
    return list(rows.filter(by_patient=False).order_by("-changed_at"))


def set_aside(actor: User, patient: Patient, code: str) -> list[Assessment]:
    """Answer what was corrected or withdrawn of one measure, newest first."""
    states = (Assessment.State.REPLACED, Assessment.State.WITHDRAWN)
    return list(
        visible_assessments(actor)
        .filter(patient=patient, code=code, state__in=states)
        .defer("answers")
    )


def links_of(actor: User, patient: Patient, *, most: int = 30) -> list[PatientLink]:
    return list(visible_links(actor).filter(patient=patient)[:most])


def get_repeat(actor: User, pk: UUID) -> Repeat:
    return get_object_or_404(visible_repeats(actor), pk=pk)


def repeats_of(actor: User, patient: Patient, *, most: int = 12) -> list[Repeat]:
    """Answer what the patient is asked again and again; what has ended comes last."""
    found = visible_repeats(actor).filter(patient=patient)
    return list(found.order_by(F("stopped_at").desc(nulls_first=True), "-id")[:most])


def unseen_alerts(actor: User, patient: Patient) -> list[Assessment]:
    rows = visible_assessments(actor).filter(has_alert=True, alert_seen_at=None, state=COMPLETE)
    return list(rows.filter(patient=patient))


def change_of(assessment: Assessment) -> Change | None:
    """Answer how a complete assessment compares with the one before it in its course."""
    if assessment.score is None:
        return None
    before = (
        Assessment.objects.filter(
            patient=assessment.patient_id, code=assessment.code, state=COMPLETE
        )
        .filter(taken_on__lt=assessment.taken_on)
        .order_by("-taken_on", "-completed_at")
        .values_list("score", flat=True)
        .first()
    )
    return None if before is None else _change(assessment, before, assessment.score)


def _course(found: Sequence[Assessment]) -> Course:
    taken: list[Taken] = []
    for row in found:
        if row.score is None:
            continue
        instrument = get_instrument(row.code, row.instrument_version)
        taken.append(
            Taken(
                row,
                row.score,
                instrument.band_labelled(row.band),
                _change(row, taken[-1].score, row.score) if taken else None,
                _change(row, taken[0].score, row.score) if taken else None,
            )
        )
    return Course(get_instrument(found[-1].code), tuple(taken))


def _change(row: Assessment, before: Decimal, now: Decimal) -> Change:
    return change_between(get_instrument(row.code, row.instrument_version), before, now)


# ── many patients ────────────────────────────────────────────────────────────────────────────────


def latest_scores(
    patient_ids: Iterable[UUID], *, codes: Collection[str] | None = None
) -> dict[UUID, dict[str, LatestScore]]:
    """Answer where each patient stands on each measure, in one query; only what is complete counts.

    For rules and lists: the caller has already asked whether somebody may see it.
    """
    wanted = list(patient_ids)
    rows = Assessment.objects.filter(patient__in=wanted, state=COMPLETE, score__isnull=False)
    if codes is not None:
        rows = rows.filter(code__in=codes)
    columns = "pk patient_id code instrument_version score band taken_on subscores".split()
    found: dict[UUID, dict[str, LatestScore]] = {pk: {} for pk in wanted}
    for row in rows.only(*columns).order_by("taken_on", "completed_at", "id"):
        mine = found[row.patient_id]
        mine[row.code] = _latest(row, mine.get(row.code))
    return found


def _latest(row: Assessment, before: LatestScore | None) -> LatestScore:
    instrument = get_instrument(row.code, row.instrument_version)
    band = instrument.band_labelled(row.band)
    now = row.score if row.score is not None else Decimal(0)
    change = change_between(instrument, before.score, now) if before else None
    first = (before.first if before.first is not None else before.score) if before else None
    return LatestScore(
        code=row.code,
        score=now,
        taken_on=row.taken_on,
        band=row.band,
        band_label=band.label if band else "",
        tone=band.tone if band else "neutral",
        previous=before.score if before else None,
        first=first,
        count=before.count + 1 if before else 1,
        subscores={label: Decimal(value) for label, value in row.subscores.items()},
        better_by=change.better_by if change else None,
        is_important=change.is_important if change else False,
        assessment_id=row.pk,
    )


def due_measures(patient_ids: Iterable[UUID], *, today: date) -> dict[UUID, list[Due]]:
    """Answer which measures are to be taken again; patients with none are left out."""
    latest = (
        Assessment.objects.filter(
            patient__in=list(patient_ids),
            state=COMPLETE,
            taken_on__gte=today - timedelta(days=FORGOTTEN_DAYS),
        )
        .order_by("patient_id", "code", "-taken_on", "-completed_at")
        .distinct("patient_id", "code")
        .values_list("patient_id", "code", "taken_on", "score")
    )
    found: dict[UUID, list[Due]] = defaultdict(list)
    for patient_id, code, last_on, value in latest:
        instrument = get_instrument(code)
        due_on = last_on + timedelta(days=instrument.interval_days)
        if due_on <= today and value is not None:
            found[patient_id].append(Due(code, instrument.short, last_on, due_on, value))
    return {pk: sorted(due, key=lambda one: one.due_on) for pk, due in found.items()}


def work_list(
    actor: User, *, practitioner: UUID | None, today: date, now: datetime
) -> list[DueRow]:
    """Answer whose measures are due among the active patients of a clinician, or of all."""
    if not allows(actor, Action.VIEW, Resource.MEASURES):
        return []
    edge = now - timedelta(days=ACTIVE_DAYS)
    visits = Appointment.objects.filter(starts_at__gte=edge).exclude(
        status__in=(Status.CANCELLED, Status.LATE_CANCELLATION)
    )
    if practitioner is not None:
        visits = visits.filter(practitioner=practitioner)
    active = visible_patients(actor).filter(is_archived=False, appointments__in=visits)
    ids = set(active.values_list("pk", flat=True))
    due = due_measures(ids, today=today)
    patients = visible_patients(actor).filter(pk__in=due).in_bulk()
    following = dict(
        Appointment.objects.filter(
            patient__in=list(due), starts_at__gte=now, status__in=STILL_TO_COME
        )
        .values("patient")
        .annotate(following=Min("starts_at"))
        .values_list("patient", "following")
    )
    rows = [DueRow(patients[pk], found, following.get(pk)) for pk, found in due.items()]
    return sorted(rows, key=lambda row: (row.due[0].due_on, row.patient.sort_name))


def alerts_to_look_at(actor: User) -> list[Assessment]:
    """Answer every answer of the clinic that nobody has looked at yet, oldest first."""
    rows = visible_assessments(actor).filter(has_alert=True, alert_seen_at=None, state=COMPLETE)
    return list(rows.select_related("patient").order_by("created_at"))


# ── the clinic's own words ───────────────────────────────────────────────────────────────────────

CRISIS_LINES = {
    "Australia/": (
        "If you are in danger now, call 000.\n"
        "Lifeline: 13 11 14, day and night, or text 0477 13 11 14.\n"
        "Beyond Blue: 1300 22 4636.\n"
        "13YARN, for Aboriginal and Torres Strait Islander people: 13 92 76."
    ),
    "Pacific/Auckland": (
        "If you are in danger now, call 111.\n"
        "Need to talk? Call or text 1737, day and night.\n"
        "Lifeline: 0800 543 354."
    ),
}
ELSEWHERE = (
    "If you are in danger now, call your emergency number or go to the nearest emergency department.\n"
    "Find a helpline near you: findahelpline.com."
)


def clinic_settings() -> MeasureSettings:
    """Answer what the clinic has set, or what holds where it has set nothing."""
    return MeasureSettings.objects.first() or MeasureSettings()


def crisis_text(zone: str) -> str:
    """Answer the clinic's words for somebody in a crisis, else its country's, by its time zone."""
    own = clinic_settings().crisis_text.strip()
    return own or usual_crisis_text(zone)


def usual_crisis_text(zone: str) -> str:
    return next((text for near, text in CRISIS_LINES.items() if zone.startswith(near)), ELSEWHERE)


def instruments_for_patients() -> list[Instrument]:
    return [one for one in all_instruments().values() if one.by_patient]
