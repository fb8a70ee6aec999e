"""Made-up notes on templates for the demo's patients, and a clinician under supervision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F

from accounts.models import User
from clinical.appointments.models import Appointment, Status
from clinical.notes.models import (
    Note,
    NoteTemplate,
    NoteTemplateVersion,
    NoteVersion,
    Supervision,
    TemplateDefault,
)
from clinical.notes.sections import answered, read_sections
from clinical.notes.services import body_of
from clinical.notes.standard import STANDARD
from clinical.practice.models import AppointmentType

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

NOTES = 24
WAITING = 3
STUDENT = "Wren Ashby"
_SAID = (
    ("Sore after a long drive, better with heat.", "Tender beside the spine, flexion 70 degrees."),
    ("Managed two flights of stairs this week.", "Squats to 90 degrees without pain."),
    ("Woke once with the shoulder, slept on the other side.", "Reaches to the top shelf."),
)
_MARKS = (
    {"view": "back", "sign": "pain", "label": "after driving", "points": [[0.5, 0.4]]},
    {"view": "front", "sign": "pain", "label": "on stairs", "points": [[0.395, 0.71]]},
    {"view": "front", "sign": "stiff", "label": "in the morning", "points": [[0.71, 0.19]]},
)
_SPREAD = {
    "view": "back",
    "sign": "tingling",
    "label": "comes and goes",
    "points": [[0.4 - step * 0.002, 0.5 + step * 0.02] for step in range(14)],
}


def fill(chance: random.Random, now: datetime) -> None:
    """Add the standard library, notes of the last visits, and some that wait for a co-sign."""
    if NoteTemplate.objects.exists():
        return
    versions = _library()
    soap = versions["SOAP note"]
    first = versions["Initial assessment: physiotherapy"]
    TemplateDefault.objects.bulk_create(
        TemplateDefault(
            appointment_type=kind,
            template=(first if "nitial" in kind.name else soap).template,
        )
        for kind in AppointmentType.objects.filter(is_active=True)
    )
    done = Appointment.objects.filter(
        patient__isnull=False, practitioner__isnull=False, status=Status.COMPLETED
    ).exclude(clinical_notes__template_version__isnull=False)
    visits = list(
        done.filter(ends_at__lt=now)
        .select_related("patient", "practitioner")
        .order_by("-ends_at")[:NOTES]
    )
    notes = [_note(chance, visit, soap) for visit in visits]
    _supervise(notes[:WAITING])
    sign_drafts(notes)
    waiting = [note.pk for note in notes[:WAITING]]
    Note.objects.filter(pk__in=waiting).update(cosign=Note.Cosign.WAITING)


def _library() -> dict[str, NoteTemplateVersion]:
    templates = NoteTemplate.objects.bulk_create(
        NoteTemplate(name=entry.name, purpose=entry.purpose) for entry in STANDARD
    )
    versions = NoteTemplateVersion.objects.bulk_create(
        NoteTemplateVersion(
            template=template,
            number=1,
            name=entry.name,
            sections=[section.stored() for section in entry.sections],
            author_name="Nexus",
        )
        for template, entry in zip(templates, STANDARD, strict=True)
    )
    return {version.name: version for version in versions}


def _note(chance: random.Random, visit: Appointment, version: NoteTemplateVersion) -> Note:
    at = chance.randrange(len(_SAID))
    said, seen = _SAID[at]
    answers: dict[str, Any] = {
        "Subjective": said,
        "Pain now": str(chance.randrange(1, 8)),
        "Body chart": [_MARKS[at], *([_SPREAD] if chance.random() < 0.4 else [])],  # noqa: PLR2004
        "Objective": seen,
        "Assessment": "On the way to the goal.",
        "Plan": "Go on with the programme; review in two weeks.",
    }
    sections = [
        answered(section, answers[section.heading]) for section in read_sections(version.sections)
    ]
    practitioner = visit.practitioner
    return Note(
        patient=visit.patient,
        appointment=visit,
        practitioner=practitioner,
        author_id=practitioner.user_id if practitioner else None,
        author_name=practitioner.name if practitioner else "",
        kind=version.name,
        template_version=version,
        sections=sections,
        body=body_of(sections),
        noted_at=visit.ends_at,
    )


def sign_drafts(notes: Sequence[Note]) -> None:
    """Sign drafts as people do: a note that is born signed counts as written elsewhere."""
    Note.objects.bulk_create(notes)
    NoteVersion.objects.bulk_create(
        NoteVersion(
            note=note,
            number=1,
            kind=note.kind,
            sections=note.sections,
            body=note.body,
            author_id=note.author_id,
            author_name=note.author_name,
            signed_at=note.noted_at,
        )
        for note in notes
    )
    mine = Note.objects.filter(pk__in=[note.pk for note in notes])
    mine.update(state=Note.State.SIGNED, version=1, signed_at=F("noted_at"))


def _supervise(notes: Sequence[Note]) -> None:
    """Put a student beside the clinicians, who wrote the last of the notes; they wait."""
    student = User.objects.filter(name=STUDENT).first()
    if student is None:
        student = User(email="student@demo.example", name=STUDENT, role=User.Role.CLINICIAN)
        student.set_unusable_password()
        student.save()
    Supervision.objects.get_or_create(user=student)
    for note in notes:
        note.author, note.author_name = student, student.name
