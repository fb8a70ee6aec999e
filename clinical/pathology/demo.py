"""Made-up results of a made-up laboratory for the demo's made-up patients."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.appointments.models import Appointment
from clinical.pathology.models import ResultMessage, ResultReport, ResultReview, ResultValue
from clinical.patients.models import Patient

if TYPE_CHECKING:
    import random
    from datetime import datetime

_SENDER = "Lantern Bay Pathology (demo)"
_BY = "Dr Mira Solander"
_TESTS: tuple[tuple[str, str, tuple[tuple[str, str, str, str, float, float], ...]], ...] = (
    ("FBC", "Full blood count", (
        ("HB", "Haemoglobin", "g/L", "115-165", 105, 160),
        ("WCC", "White cells", "x10^9/L", "4.0-11.0", 3.8, 11.5),
        ("PLT", "Platelets", "x10^9/L", "150-400", 160, 390),
    )),
    ("CRP", "C-reactive protein", (("CRP", "CRP", "mg/L", "0-5", 1, 18),)),
    ("VITD", "Vitamin D", (("VITD", "25-OH vitamin D", "nmol/L", "50-150", 28, 110),)),
    ("HBA1C", "HbA1c", (("HBA1C", "HbA1c", "%", "4.0-6.0", 5, 8.2),)),
)  # fmt: skip


def fill(chance: random.Random, now: datetime) -> None:
    """File results to some of those who were seen, leave a few waiting for their patient."""
    if ResultMessage.objects.exists():
        return
    seen = Appointment.objects.filter(patient__isnull=False, starts_at__lt=now).order_by()
    ids = list(seen.values_list("patient_id", flat=True).distinct()[:200])
    patients = list(Patient.objects.filter(pk__in=ids).order_by("number")[:24])
    messages, reports, values, reviews = [], [], [], []
    for number, patient in enumerate(patients):
        for place in range(chance.choice((1, 1, 2))):
            at = now - timedelta(days=number % 9 + 90 * place, hours=number)
            is_waiting = number % 8 == 0 and place == 0
            message = _message(f"D{number}-{place}", patient, at, is_waiting=is_waiting)
            messages.append(message)
            report, lines = _report(chance, message, at)
            reports.append(report)
            values += lines
            if not is_waiting and (place or number % 3 == 0):
                report.is_reviewed = True
                reviews.append(ResultReview(report=report, by_name=_BY, at=at + timedelta(hours=5)))
    ResultMessage.objects.bulk_create(messages)
    ResultReport.objects.bulk_create(reports)
    ResultValue.objects.bulk_create(values)
    ResultReview.objects.bulk_create(reviews)


def _message(number: str, patient: Patient, at: datetime, *, is_waiting: bool) -> ResultMessage:
    born = patient.date_of_birth
    told = patient.family_name[:-1] if is_waiting else patient.family_name
    return ResultMessage(
        source="hl7",
        sender=_SENDER,
        control_id=number,
        sent_at=at,
        file_name="demo.hl7",
        sha256=f"{number:0>64}",
        person_name=f"{patient.given_names} {told}",
        person={
            "given_names": patient.given_names,
            "family_name": told,
            "born": born.isoformat() if born else "",
            "sex": patient.sex,
            "medicare": "",
        },
        patient=None if is_waiting else patient,
        evidence=[] if is_waiting else ["same family name", "same given name", "same day of birth"],
        matched_at=None if is_waiting else at,
        received_by="Reception",
        received_at=at,
    )


def _report(
    chance: random.Random, message: ResultMessage, at: datetime
) -> tuple[ResultReport, list[ResultValue]]:
    code, name, lines = chance.choice(_TESTS)
    report = ResultReport(
        message=message,
        patient=message.patient,
        order_key=f"{_SENDER}\n{message.control_id}\n{code}",
        filler_number=message.control_id,
        code=code,
        name=name,
        status="F",
        collected_at=at - timedelta(hours=20),
        reported_at=at,
        ordered_by=_BY,
    )
    values = []
    for position, (test, label, units, span, lowest, highest) in enumerate(lines):
        low, high = (float(end) for end in span.split("-"))
        figure = round(chance.uniform(lowest, highest), 0 if highest > 100 else 1)  # noqa: PLR2004 - large figures have no decimals
        flag = "L" if figure < low else "H" if figure > high else "N"
        values.append(
            ResultValue(
                report=report, position=position, kind="NM", code=test, name=label,
                text=f"{figure:g}", units=units, reference_range=span, flag=flag, status="F",
            )
        )  # fmt: skip
    return report, values
