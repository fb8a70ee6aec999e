"""What is known of a patient's health: lists, measures, results, and what was written about them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clinical.fhir.elements import (
    OWN,
    TERMS,
    Resource,
    coded,
    day,
    moment,
    note,
    period,
    quantity,
    reference,
    resource,
    stored_attachment,
    text_attachment,
    words,
)
from clinical.fhir.people import PRACTICE
from clinical.measures.instruments import get_instrument

if TYPE_CHECKING:
    from clinical.documents.models import Document
    from clinical.letters.models import Letter
    from clinical.measures.instruments import Instrument
    from clinical.measures.models import Assessment
    from clinical.notes.models import Note
    from clinical.pathology.models import ResultReport, ResultValue
    from clinical.problems.models import Allergy, Medication, NoKnownAllergies, Problem

INSTRUMENTS = f"{OWN}:instrument"
_SCORED = {"draft": "preliminary", "replaced": "entered-in-error", "withdrawn": "entered-in-error"}
_ANSWERED = {
    "draft": "in-progress",
    "complete": "completed",
    "replaced": "amended",
    "withdrawn": "entered-in-error",
}
_REPORT = {"P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled"}
_WRITTEN = {
    "draft": "preliminary",
    "signed": "final",
    "final": "final",
    "sent": "final",
    "amended": "amended",
}
_SEVERITY = {"mild", "moderate", "severe"}
_EXACT = 15
"""So many digits of a figure survive JSON's numbers."""


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


def _status(row: Problem | Allergy, *, clinical: str, verification: str) -> dict[str, Any]:
    """Say how an entry stands; one made in error has no clinical status, says FHIR."""
    if row.is_error:
        return {"verificationStatus": coded(f"{TERMS}/{verification}", "entered-in-error")}
    return {
        "clinicalStatus": coded(f"{TERMS}/{clinical}", row.status),
        "verificationStatus": coded(f"{TERMS}/{verification}", "confirmed"),
    }


def condition(row: Problem) -> Resource:
    side = row.get_side_display() if row.side else ""
    return resource(
        "Condition",
        row.pk,
        **_status(row, clinical="condition-clinical", verification="condition-ver-status"),
        category=[coded(f"{TERMS}/condition-category", "problem-list-item")],
        severity=words(row.get_severity_display() if row.severity else ""),
        code={
            "coding": [{"display": row.code_title, "code": row.code, "system": _list(row)}]
            if row.code.strip()
            else None,
            "text": row.name,
        },
        bodySite=[words(side)],
        subject=reference("Patient", row.patient_id),
        onsetDateTime=day(row.onset_on),
        abatementDateTime=day(row.resolved_on),
        recordedDate=moment(row.created_at),
        recorder=reference("Practitioner", None, row.recorded_by),
        note=note(row.note, row.error_reason),
    )


def _list(row: Problem) -> str:
    return f"{OWN}:code-list:" + "-".join(row.code_list.split())


def allergy(row: Allergy) -> Resource:
    return resource(
        "AllergyIntolerance",
        row.pk,
        **_status(
            row,
            clinical="allergyintolerance-clinical",
            verification="allergyintolerance-verification",
        ),
        code=words(row.substance),
        patient=reference("Patient", row.patient_id),
        onsetDateTime=day(row.noted_on),
        recordedDate=moment(row.created_at),
        recorder=reference("Practitioner", None, row.recorded_by),
        note=note(row.note, row.error_reason),
        reaction=[
            {
                "manifestation": [words(row.reaction or "not stated")],
                "severity": row.severity if row.severity in _SEVERITY else None,
            }
        ]
        if row.reaction.strip() or row.severity
        else None,
    )


def no_known_allergies(row: NoKnownAllergies) -> Resource:
    state = "inactive" if row.withdrawn_at else "active"
    return resource(
        "AllergyIntolerance",
        row.pk,
        clinicalStatus=coded(f"{TERMS}/allergyintolerance-clinical", state),
        verificationStatus=coded(f"{TERMS}/allergyintolerance-verification", "confirmed"),
        code=words("No known allergies"),
        patient=reference("Patient", row.patient_id),
        recordedDate=moment(row.stated_at),
        recorder=reference("Practitioner", None, row.stated_by),
    )


def medication(row: Medication) -> Resource:
    """A medicine as somebody says it is taken; nothing is prescribed here."""
    status = "entered-in-error" if row.is_error else ("completed" if row.until else "active")
    return resource(
        "MedicationStatement",
        row.pk,
        status=status,
        medicationCodeableConcept=words(row.name) or words("not stated"),
        subject=reference("Patient", row.patient_id),
        effectivePeriod=period(row.since, row.until),
        dateAsserted=moment(row.changed_at),
        informationSource=reference("RelatedPerson", None, row.source),
        dosage=[{"text": ", ".join(filter(None, [row.dose, row.frequency]))}]
        if row.dose.strip() or row.frequency.strip()
        else None,
        note=note(row.note, row.error_reason),
    )


# ── measures ─────────────────────────────────────────────────────────────────────────────────────


def _instrument(row: Assessment) -> Instrument | None:
    """Answer what was asked, in the version that was asked; None where it is not known any more."""
    try:
        found = get_instrument(row.code, row.instrument_version)
    except KeyError:
        return None
    return found if found.version == row.instrument_version else None


def _name(row: Assessment, instrument: Instrument | None) -> Resource:
    return coded(INSTRUMENTS, row.code, text=instrument.name if instrument else row.code)


def measure(row: Assessment) -> Resource:
    """The score of an outcome measure."""
    instrument = _instrument(row)
    final = "corrected" if row.replaces_id else "final"
    score = quantity(row.score, instrument.unit if instrument else "")
    return resource(
        "Observation",
        row.pk,
        status=_SCORED.get(row.state, final),
        category=[coded(f"{TERMS}/observation-category", "survey")],
        code=_name(row, instrument),
        subject=reference("Patient", row.patient_id),
        effectiveDateTime=day(row.taken_on),
        issued=moment(row.completed_at),
        performer=[_answered_by(row)],
        valueQuantity=score,
        dataAbsentReason=None if score else coded(f"{TERMS}/data-absent-reason", "not-asked"),
        interpretation=[words(row.band)],
        note=note(row.note, row.reason, row.withdrawn_reason),
        derivedFrom=[reference("QuestionnaireResponse", row.pk)],
        component=[
            {"code": words(str(label)), "valueString": str(figure)}
            for label, figure in row.subscores.items()
            if str(label).strip()
        ],
    )


def _answered_by(row: Assessment) -> Resource | None:
    if row.by_patient:
        return reference("Patient", row.patient_id)
    return reference("Practitioner", None, row.author_name)


def answers(row: Assessment) -> Resource:
    """What was answered to an outcome measure, question by question."""
    instrument = _instrument(row)
    items = {item.key: item for item in instrument.items} if instrument else {}
    asked = []
    for key, answer in row.answers.items():
        item = items.get(key)
        label = item.label_of.get(answer, "") if item and isinstance(answer, int) else ""
        asked.append(
            {
                "linkId": str(key),
                "text": item.text if item else "",
                "answer": [_answer(answer, label)],
            }
        )
    return resource(
        "QuestionnaireResponse",
        row.pk,
        questionnaire=f"{INSTRUMENTS}:{row.code}|{row.instrument_version}",
        status=_ANSWERED[row.state],
        subject=reference("Patient", row.patient_id),
        authored=moment(row.completed_at or row.created_at),
        author=_answered_by(row),
        source=reference("Patient", row.patient_id) if row.by_patient else None,
        item=asked,
    )


def _answer(answer: Any, label: str) -> Resource | None:
    if isinstance(answer, dict):  # an item that the person named, and their figure
        said, points = str(answer.get("words") or ""), answer.get("points")
        return {"valueString": f"{said}: {points}" if points is not None else said}
    if isinstance(answer, int) and not isinstance(answer, bool):
        if label.strip():
            return {"valueCoding": {"code": str(answer), "display": label}}
        return {"valueInteger": answer}
    return {"valueString": str(answer)} if answer is not None else None


# ── results ──────────────────────────────────────────────────────────────────────────────────────


def result_value(row: ResultValue) -> Resource:
    """One line of a report; expects its report to be fetched."""
    figure = _figure(row.text)
    return resource(
        "Observation",
        row.pk,
        status=_REPORT.get(row.status or row.report.status, "unknown"),
        category=[coded(f"{TERMS}/observation-category", "laboratory")],
        code={
            "coding": [{"code": " ".join(row.code.split())}] if row.code.strip() else None,
            "text": row.name or row.code or "result",
        },
        subject=reference("Patient", row.report.patient_id),
        effectiveDateTime=moment(row.report.collected_at),
        issued=moment(row.report.reported_at),
        valueQuantity=quantity(figure, row.units),
        valueString=row.text if figure is None else None,
        interpretation=[words(row.flag)],
        referenceRange=[{"text": row.reference_range}] if row.reference_range.strip() else None,
    )


def _figure(text: str) -> Decimal | None:
    """Read a plain figure; whatever else is said stays text."""
    text = text.strip()
    plain = text.removeprefix("-").replace(".", "", 1)
    is_plain = plain.isascii() and plain.isdigit() and len(plain) <= _EXACT and text[-1] != "."
    return Decimal(text) if is_plain else None


def diagnostic_report(row: ResultReport) -> Resource:
    """A report of a laboratory; expects its values to be fetched."""
    return resource(
        "DiagnosticReport",
        row.pk,
        identifier=[{"system": f"{OWN}:filler-number", "value": row.filler_number}]
        if row.filler_number.strip()
        else None,
        status=_REPORT.get(row.status, "unknown"),
        code=words(row.name) or words(row.code) or words("report"),
        subject=reference("Patient", row.patient_id),
        effectiveDateTime=moment(row.collected_at),
        issued=moment(row.reported_at),
        result=[reference("Observation", value.pk) for value in row.values.all()],
    )


# ── what was written ─────────────────────────────────────────────────────────────────────────────


def document(row: Document) -> Resource:
    """A stored file, by where it lies in the archive."""
    return resource(
        "DocumentReference",
        row.pk,
        status="current",
        type=words(row.category or row.get_kind_display()),
        subject=reference("Patient", row.patient_id),
        date=moment(row.created_at),
        author=[reference("Practitioner", row.practitioner_id)],
        custodian=reference("Organization", PRACTICE),
        description=row.caption or row.title,
        content=[
            {
                "attachment": stored_attachment(
                    row.storage_key if row.state == row.State.STORED else "",
                    media_type=row.media_type,
                    size=row.size,
                    title=row.title or row.file_name or "file",
                    created=day(row.dated_on) or moment(row.created_at),
                )
            }
        ],
    )


def clinical_note(row: Note) -> Resource:
    return resource(
        "DocumentReference",
        row.pk,
        status="current",
        docStatus=_WRITTEN[row.state],
        type=words(row.kind or "Clinical note"),
        category=[coded("http://loinc.org", "11506-3", "Progress note")],
        subject=reference("Patient", row.patient_id),
        date=moment(row.signed_at or row.noted_at),
        author=[reference("Practitioner", row.practitioner_id, row.author_name)],
        custodian=reference("Organization", PRACTICE),
        description=row.title,
        content=[
            {
                "attachment": text_attachment(
                    row.body, title=row.title or "Note", created=row.noted_at
                )
            }
        ],
        context={"related": [reference("Appointment", row.appointment_id)]},
    )


def letter(row: Letter) -> Resource:
    return resource(
        "DocumentReference",
        row.pk,
        status="current",
        docStatus=_WRITTEN[row.state],
        type=words("Letter"),
        subject=reference("Patient", row.patient_id),
        date=moment(row.finalised_at or row.created_at),
        author=[reference("Practitioner", row.practitioner_id, row.author_name)],
        custodian=reference("Organization", PRACTICE),
        relatesTo=[{"code": "replaces", "target": reference("DocumentReference", row.replaces_id)}]
        if row.replaces_id
        else None,
        description=row.subject,
        content=[
            {
                "attachment": text_attachment(
                    "\n\n".join(filter(None, [row.recipient, row.subject, row.body])),
                    title=row.subject or "Letter",
                    created=row.created_at,
                )
            }
        ],
    )
