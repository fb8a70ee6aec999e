"""The demo clinic's documents and photos, in containers."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from onboarding.filemaker.demo_clinic import media, names
from onboarding.filemaker.demo_clinic.appointments import ORPHAN_FROM
from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.patients import PatientPlan
from onboarding.filemaker.demo_clinic.staff import CLINICIANS
from onboarding.filemaker.demo_clinic.written import record_ids, stamps, written_date
from onboarding.filemaker.fmp.writer import Container, Record

if TYPE_CHECKING:
    from onboarding.filemaker.fmp.writer.writer import Cell, Value

_KINDS = ("Referral", "Report", "NDIS Plan", "Service Agreement", "Consent", "GP Letter")
_VIEWS = ("Front", "Back", "Left", "Right", "Sole", "Home entrance")
_PER_BATCH = 4


def document_records(
    facts: DemoClinicFacts, patients: PatientPlan, *, container_bytes: int = 0
) -> Iterator[Record]:
    """Yield documents: PDFs, some beside a JPEG preview, some as plain files, some outside."""
    rng = facts.chance("documents")
    outside = set(rng.sample(range(facts.documents), facts.documents_by_reference))
    others = facts.chance("defects of documents")
    inside = [n for n in range(facts.documents) if n not in outside]
    empty = set(others.sample(inside, facts.documents_without_file))
    orphans = set(others.sample(range(facts.documents), facts.documents_without_patient))
    ids = record_ids(rng)
    for n in range(facts.documents):
        day = facts.today - timedelta(days=(facts.documents - n) * 2_000 // facts.documents)
        kind = rng.choice(_KINDS)
        patient = patients.random_id(rng)
        name = f"{kind} {rng.choice(names.FAMILY)} {patient}.pdf"
        file: Value = f"file:RC_Data/Documents/{patient}/{name}\rfilewin:/S:/Scans/{name}"
        if n not in outside:
            lines = [f"Patient key {patient}", f"Added {written_date(day)}", f"Document {n + 1}"]
            page = media.pdf(f"{kind} (synthetic)", lines, rng, container_bytes)
            file = _container(rng, name, page)
        cells: dict[Cell, Value] = {
            "ID_Document": str(n + 1),
            "Patient ID": patient,
            "Title": kind,
            "Document Type": kind,
            "File": file,
            "File Name": name,
            "Date Added": written_date(day),
            "Clinician ID": str(rng.choice(CLINICIANS).id),
        }
        if n in empty:
            del cells["File"]
        if n in orphans:
            cells["Patient ID"] = str(ORPHAN_FROM + n)
        cells.update(stamps(rng, day, facts.today))
        yield Record(next(ids), cells, rng.randrange(4))


def _container(rng: Random, name: str, page: bytes) -> Container:
    kind = rng.randrange(3)
    if kind == 0:
        return Container(name, {"FILE": page})
    if kind == 1:
        return Container(name, {"PDF ": page})
    streams = {"PDF ": page, "JPEG": media.preview(rng.randrange(12))}
    return Container(name, streams, main="PDF ", size=media.PREVIEW_SIZE)


def image_records(
    facts: DemoClinicFacts, patients: PatientPlan, *, container_bytes: int = 0
) -> Iterator[Record]:
    """Yield photos in batches of four: one patient, one day, one view each."""
    rng = facts.chance("images")
    ids = record_ids(rng)
    orphans = set(
        facts.chance("images of nobody").sample(range(facts.images), facts.images_without_patient)
    )
    patient, day = "", facts.today
    for n in range(facts.images):
        batch, nth = divmod(n, _PER_BATCH)
        if nth == 0:
            patient = patients.random_id(rng)
            day = facts.today - timedelta(days=(facts.images - n) * 900 // facts.images)
        picture = media.photo(f"Photo {n + 1} of {patient}", rng, container_bytes)
        photo = Container(f"IMG_{n + 1:05}.png", {"PNGf": picture}, size=media.PHOTO_SIZE)
        cells: dict[Cell, Value] = {
            "ID_Image": str(n + 1),
            "Patient ID": patient,
            "Batch ID": str(batch + 1),
            "Batch Name": f"Photos {written_date(day)}",
            "View": _VIEWS[nth],
            "Photo": photo,
            "Taken": written_date(day),
        }
        if n in orphans:
            cells["Patient ID"] = ""
        cells.update(stamps(rng, day, facts.today))
        yield Record(next(ids), cells, rng.randrange(3))
