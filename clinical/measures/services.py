"""The verbs about assessments: begun as a draft, completed once, then corrected or withdrawn.

The browser shows a score while it is filled in; the score that counts is worked out here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.appointments.models import Appointment
from clinical.measures.instruments import all_instruments, get_instrument
from clinical.measures.models import Assessment
from clinical.measures.rules import may_correct, may_write
from clinical.measures.scoring import Answers, Person, Result, score
from clinical.practice.clock import day_span, today_at, zone_of
from clinical.practice.rules import require

if TYPE_CHECKING:
    from datetime import date, datetime

    from accounts.models import User
    from clinical.measures.instruments import Instrument
    from clinical.patients.models import Patient

NOTE_LENGTH = 2000
REASON_LENGTH = 500


class MeasureError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


class UnknownInstrumentError(MeasureError):
    """There is no such instrument."""


class AssessmentChangedError(MeasureError):
    """It was saved elsewhere since the person read it."""


class AssessmentLockedError(MeasureError):
    """What is complete is corrected, not changed."""


class UnfinishedError(MeasureError):
    """Too many answers are missing for a score."""


class FutureDayError(MeasureError):
    """It cannot have been taken after today."""


class ReasonMissingError(MeasureError):
    """A correction and a withdrawal say why."""


@dataclass(frozen=True)
class Entry:
    """What the person has filled in."""

    answers: Answers = field(default_factory=dict)
    taken_on: date | None = None
    note: str = ""


def instrument_of(assessment: Assessment) -> Instrument:
    return get_instrument(assessment.code, assessment.instrument_version)


def person_on(patient: Patient, day: date) -> Person:
    """Answer what norms ask of the patient, as of the day."""
    born = patient.date_of_birth
    if born is None:
        return Person(patient.sex)
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return Person(patient.sex, age)


def result_of(assessment: Assessment) -> Result:
    """Score the assessment as it stands."""
    person = person_on(assessment.patient, assessment.taken_on)
    return score(instrument_of(assessment), assessment.answers, person)


@transaction.atomic
def start_assessment(patient: Patient, *, actor: User, code: str, at: datetime) -> Assessment:
    """Begin a draft, linked to today's visit if there is one. What a person named before stands in it."""
    require(actor, Action.CREATE, Resource.MEASURES)
    if code not in all_instruments():
        raise UnknownInstrumentError("There is no such measure. Choose one from the list.")
    instrument = get_instrument(code)
    zone = zone_of(patient.location)
    day = today_at(zone, at)
    start, end = day_span(day, zone)
    visits = Appointment.objects.filter(patient=patient, starts_at__gte=start, starts_at__lt=end)
    return Assessment.objects.create(
        patient=patient,
        appointment=visits.order_by("starts_at").first(),
        author=actor,
        author_name=actor.name,
        code=instrument.code,
        instrument_version=instrument.version,
        answers=first_answers(patient, instrument),
        taken_on=day,
    )


def first_answers(patient: Patient, instrument: Instrument) -> Answers:
    """Answer what a new form begins with: usual figures, and the activities named last time."""
    begun: Answers = {item.key: item.default for item in instrument.items if item.default}
    if not any(item.is_written for item in instrument.items):
        return begun
    last = (
        Assessment.objects.filter(
            patient=patient, code=instrument.code, state=Assessment.State.COMPLETE
        )
        .order_by("-taken_on", "-id")
        .first()
    )
    for item in instrument.items:
        answer = last.answers.get(item.key) if last else None
        if item.is_written and answer and answer.get("words"):
            begun[item.key] = {"words": answer["words"], "points": None}
    return begun


def save_draft(
    assessment: Assessment, *, actor: User, at: datetime, revision: int, entry: Entry
) -> Result:
    """Keep what was filled in so far; answers how it scores now.

    Raises AssessmentChangedError when it is no longer at `revision`, AssessmentLockedError when
    complete. The same again is no conflict: a page whose answer was lost sends it once more.
    """
    _check_writable(assessment, actor)
    columns = _columns(assessment, entry, at)
    is_same = all(getattr(assessment, name) == value for name, value in columns.items())
    if not (assessment.revision > revision and is_same):
        _swap(assessment, at=at, revision=revision, **columns)
    return result_of(assessment)


@transaction.atomic
def complete_assessment(
    assessment: Assessment,
    *,
    actor: User,
    at: datetime,
    revision: int,
    entry: Entry,
    reason: str = "",
) -> Assessment:
    """Save the answers, score them and lock the assessment; what it corrects stays readable."""
    _check_writable(assessment, actor)
    corrected = assessment.replaces
    if corrected is not None and not reason.strip():
        raise ReasonMissingError("Say in a few words why the assessment is corrected.")
    finish(
        assessment,
        at=at,
        revision=revision,
        reason=reason.strip()[:REASON_LENGTH],
        **_columns(assessment, entry, at),
    )
    if corrected is not None:
        if corrected.state != Assessment.State.COMPLETE:
            raise AssessmentChangedError(
                "The assessment you are correcting was corrected or withdrawn meanwhile."
            )
        _swap(corrected, at=at, revision=corrected.revision, state=Assessment.State.REPLACED)
    return assessment


def finish(assessment: Assessment, *, at: datetime, revision: int, **columns: Any) -> Result:
    """Score the draft with these columns and lock it. Raises UnfinishedError."""
    instrument = instrument_of(assessment)
    day = columns.get("taken_on", assessment.taken_on)
    result = score(
        instrument,
        columns.get("answers", assessment.answers),
        person_on(assessment.patient, day),
    )
    if result.score is None:
        raise UnfinishedError(_what_is_missing(result, instrument))
    _swap(
        assessment,
        at=at,
        revision=revision,
        **columns,
        score=result.score,
        subscores={label: format(value, "f") for label, value in result.subscores.items()},
        band=result.band.key if result.band else "",
        has_alert=bool(result.alerts),
        state=Assessment.State.COMPLETE,
        completed_at=at,
    )
    return result


@transaction.atomic
def correct_assessment(assessment: Assessment, *, actor: User) -> Assessment:
    """Begin a draft with the same answers that will take the place of a complete assessment."""
    if not may_correct(actor, assessment):
        raise PermissionDenied("measures.change")
    begun = assessment.corrections.filter(state=Assessment.State.DRAFT).first()
    if begun is not None:
        return begun
    return Assessment.objects.create(
        patient=assessment.patient,
        appointment=assessment.appointment,
        author=actor,
        author_name=actor.name,
        code=assessment.code,
        instrument_version=assessment.instrument_version,
        answers=assessment.answers,
        note=assessment.note,
        taken_on=assessment.taken_on,
        replaces=assessment,
    )


def withdraw_assessment(
    assessment: Assessment, *, actor: User, at: datetime, reason: str
) -> Assessment:
    """Take a complete assessment out of the course, such as one of the wrong person."""
    if not may_correct(actor, assessment):
        raise PermissionDenied("measures.change")
    if not reason.strip():
        raise ReasonMissingError("Say in a few words why the assessment is withdrawn.")
    return _swap(
        assessment,
        at=at,
        revision=assessment.revision,
        state=Assessment.State.WITHDRAWN,
        withdrawn_reason=reason.strip()[:REASON_LENGTH],
    )


def discard_draft(assessment: Assessment, *, actor: User) -> None:
    _check_writable(assessment, actor)
    Assessment.objects.filter(pk=assessment.pk, state=Assessment.State.DRAFT).delete()


def acknowledge_alert(assessment: Assessment, *, actor: User, at: datetime) -> Assessment:
    """Say that somebody has looked at the answer that needed it; the first one counts."""
    require(actor, Action.CHANGE, Resource.MEASURES)
    if not assessment.needs_look:
        return assessment
    return _swap(
        assessment,
        at=at,
        revision=assessment.revision,
        alert_seen_at=at,
        alert_seen_by=actor.name,
    )


def record_reading(assessment: Assessment, action: str = "view") -> None:
    """Put on record that the actor of the scope read the assessment, or took it out as a file."""
    record(
        action,
        object_type=Assessment._meta.db_table,
        object_id=str(assessment.pk),
        subject_id=str(assessment.patient_id),
        payload={"section": "measure", "measure": assessment.code},
    )


def _check_writable(assessment: Assessment, actor: User) -> None:
    if not assessment.is_draft:
        raise AssessmentLockedError("This is complete. Open it and choose Correct to change it.")
    if not may_write(actor, assessment):
        raise PermissionDenied("measures.change")


def _columns(assessment: Assessment, entry: Entry, at: datetime) -> dict[str, Any]:
    day = entry.taken_on or assessment.taken_on
    if day > today_at(zone_of(assessment.patient.location), at):
        raise FutureDayError("The day it was taken cannot be in the future. Check the date.")
    return {
        "answers": entry.answers,
        "taken_on": day,
        "note": entry.note.replace("\x00", "").strip()[:NOTE_LENGTH],
    }


def _what_is_missing(result: Result, instrument: Instrument) -> str:
    names = [item.text.strip("… ") for item in result.missing if not item.optional]
    if not names:
        return f"{instrument.short}: enter at least one result."
    allowed = instrument.scoring.missing
    may_lack = f" At most {allowed} may be left out." if allowed else ""
    if len(names) == 1:
        return f"“{names[0]}” is not answered yet.{may_lack}"
    return f"{len(names)} answers are missing, the first is “{names[0]}”.{may_lack}"


def _swap(assessment: Assessment, *, at: datetime, revision: int, **columns: Any) -> Assessment:
    """Write the columns if the row is still at the revision that was read."""
    swapped = Assessment.objects.filter(
        pk=assessment.pk, revision=revision, state=assessment.state
    ).update(**columns, revision=F("revision") + 1, changed_at=at)
    if not swapped:
        current = Assessment.objects.filter(pk=assessment.pk).first()
        when = f" at {timezone.localtime(current.changed_at):%H:%M}" if current else ""
        raise AssessmentChangedError(
            f"This was changed in another window{when}. Load the page again to go on with it."
        )
    for name, value in columns.items():
        setattr(assessment, name, value)
    assessment.revision, assessment.changed_at = revision + 1, at
    return assessment
