"""Phase 8: what was loaded is looked for where people will, by the pages' own questions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.models import User
from clinical.appointments.models import Appointment
from clinical.appointments.selectors import day_sheet
from clinical.documents.models import Document
from clinical.patients.filters import PatientFilter
from clinical.patients.listing import list_patients
from clinical.patients.models import Patient
from clinical.patients.selectors import get_patient, search_patients
from clinical.practice.clock import zone_of
from onboarding.imports.models import ImportLink
from tenants.scope import current_scope
from tenants.storage import clinic_storage

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Sequence

    from onboarding.imports.models import ImportRun

OPENED = 5
FILES_LOOKED_AT = 200


@dataclass(frozen=True)
class Finding:
    """One check with its result, in words."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


def functional_checks(run: ImportRun) -> list[Finding]:
    """Open, find and list what the run has loaded, as an owner of the clinic would."""
    reader = _reader()
    patients = _some_patients(run)
    found = [_opened(reader, patients), _searched(reader, patients), _day(reader, run)]
    found += [_filtered(reader, name) for name in ("location", "funding_type")]
    found.append(missing_files())
    return found


def _reader() -> User:
    """Whoever imports, or an owner; a new clinic may have nobody yet."""
    people = User.objects.filter(is_active=True, role__in=[User.Role.OWNER, User.Role.ADMIN])
    actor_id = current_scope().actor.id
    mine = people.filter(pk=actor_id).first() if actor_id else None
    return mine or people.first() or User(role=User.Role.OWNER, name="import", is_active=True)


def _some_patients(run: ImportRun) -> list[Patient]:
    links = ImportLink.objects.filter(source_key=run.source.key, target_type="patient")
    ids = list(links.values_list("target_id", flat=True))
    chosen = secrets.SystemRandom().sample(ids, min(OPENED, len(ids)))
    return list(Patient.objects.filter(pk__in=chosen))


def _opened(reader: User, patients: Sequence[Patient]) -> Finding:
    documents = images = visits = 0
    for patient in patients:
        opened = get_patient(reader, patient.pk)
        visits += opened.appointments.count()
        documents += opened.documents.filter(kind=Document.Kind.DOCUMENT).count()
        images += opened.documents.filter(kind=Document.Kind.IMAGE).count()
    return Finding(
        "Patients open",
        ok=True,
        detail=f"{len(patients)} chosen at random, with {_count(visits, 'appointment')}, "
        f"{_count(documents, 'document')} and {_count(images, 'image')}.",
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _searched(reader: User, patients: Sequence[Patient]) -> Finding:
    today = timezone.now().date()
    everybody = PatientFilter(with_archived=True)
    wanted = [p for p in patients if p.family_name or p.given_names]
    lost = [p for p in wanted if not _is_found(reader, p, everybody, today)]
    detail = f"{len(wanted) - len(lost)} of {len(wanted)} were found by name or number."
    return Finding("The search finds them", ok=not lost, detail=detail)


def _is_found(reader: User, patient: Patient, wanted: PatientFilter, today: Any) -> bool:
    """By name; where very many have that name, by the number."""
    for text in (patient.full_name, str(patient.number)):
        hits = search_patients(reader, text, wanted, today=today)
        if any(hit.patient.pk == patient.pk for hit in hits):
            return True
    return False


def _day(reader: User, run: ImportRun) -> Finding:
    links = ImportLink.objects.filter(source_key=run.source.key, target_type="appointment")
    visit = (
        Appointment.objects.select_related("location")
        .filter(pk__in=links.order_by("-id").values("target_id")[:500])
        .first()
    )
    if visit is None:
        return Finding("The day list shows them", ok=True, detail="No appointments were loaded.")
    day = visit.starts_at.astimezone(zone_of(visit.location)).date()
    sheet = day_sheet(reader, day)
    shown = {shown.appointment.pk for column in sheet.columns for shown in column.visits}
    span = timedelta(days=2)
    near = Appointment.objects.filter(
        starts_at__gte=visit.starts_at - span, starts_at__lt=visit.starts_at + span
    )
    ok = visit.pk in shown and sheet.total <= near.count()
    return Finding(
        "The day list shows them",
        ok=ok,
        detail=f"{day:%d %b %Y}: {_count(sheet.total, 'appointment')}.",
    )


def _narrowed(field: str, value: uuid.UUID) -> PatientFilter:
    if field == "location":
        return PatientFilter(location_id=value)
    return PatientFilter(funding_type_id=value)


def _filtered(reader: User, field: str) -> Finding:
    """Narrow the list to the most usual clinic or payer and count by another way."""
    words = {"location": "Filter by clinic", "funding_type": "Filter by funding"}
    counts: dict[uuid.UUID, int] = {}
    rows = Patient.objects.filter(is_archived=False).exclude(**{field: None})
    for value in rows.values_list(f"{field}_id", flat=True):
        counts[value] = counts.get(value, 0) + 1
    if not counts:
        return Finding(words[field], ok=True, detail="No patient has one.")
    value, count = max(counts.items(), key=lambda item: item[1])
    listed = list_patients(reader, _narrowed(field, value), size=1).total
    return Finding(
        words[field], ok=listed == count, detail=f"{listed:,} listed, {count:,} counted."
    )


def missing_files(
    *, most: int = FILES_LOOKED_AT, stored: Callable[[str], Any] | None = None
) -> Finding:
    """Ask the storage for files that should be there: all of them, or so many chosen at random."""
    look = stored or clinic_storage().size_or_none
    rows = Document.objects.filter(state=Document.State.STORED)
    total = rows.count()
    chosen = rows.order_by("?")[:most] if total > most else rows
    missing = looked = 0
    for key, size in chosen.values_list("storage_key", "size"):
        looked += 1
        missing += look(key) != size
    if not total:
        return Finding("Files in storage", ok=True, detail="No files are stored yet.")
    which = "all" if looked == total else f"{looked:,} chosen at random of {total:,}"
    return Finding(
        "Files in storage", ok=not missing, detail=f"{which} looked at, {missing} missing."
    )
