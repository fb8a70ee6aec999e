"""Letters, reminders and SMS messages of the demo clinic."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

from onboarding.filemaker.demo_clinic import appointments, names
from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.patients import PatientPlan
from onboarding.filemaker.demo_clinic.staff import CLINICIANS
from onboarding.filemaker.demo_clinic.written import (
    record_ids,
    stamps,
    written_date,
    written_timestamp,
)
from onboarding.filemaker.fmp.writer import Record

if TYPE_CHECKING:
    from onboarding.filemaker.fmp.writer.writer import Cell, Value

_SUBJECTS = ("Initial report", "Progress report", "Discharge summary", "Thank you for referring")
_PARAGRAPHS = (
    *("Thank you for your referral.", "I saw this patient at our clinic last week."),
    *("Treatment has focused on strength, balance and confidence.", "Home programme provided."),
    *("I would recommend a review in three months.", "Goals were reviewed together."),
    *("Please do not hesitate to call.\rKind regards", "Assistive technology was trialled."),
)
_TEXTS = (
    *("Reminder: you have an appointment tomorrow. Reply Y to confirm.", "See you tomorrow 😀"),
    *("Your appointment has moved. Please call us.", "Your report is ready to collect."),
)
_REPLIES = ("Y", "yes thanks", "Sorry can't make it", "OK 👍", "who is this?", "STOP")


def letter_records(facts: DemoClinicFacts, patients: PatientPlan) -> Iterator[Record]:
    """Yield letters to referrers and others, oldest first."""
    rng = facts.chance("letters")
    ids = record_ids(rng)
    for n in range(facts.letters):
        day = facts.today - timedelta(days=(facts.letters - n) * 1_800 // facts.letters)
        family = rng.choice(names.FAMILY)
        cells: dict[Cell, Value] = {
            "ID_Letter": str(n + 1),
            "Patient ID": patients.random_id(rng),
            "Clinician ID": str(rng.choice(CLINICIANS).id),
            "Letter Date": written_date(day),
            "Recipient": f"Dr {family}\r{rng.randrange(1, 90)} {rng.choice(names.STREETS)}",
            "Subject": rng.choice(_SUBJECTS),
            "Body": "\r\r".join(
                [f"Dear Dr {family}", *rng.choices(_PARAGRAPHS, k=rng.randrange(2, 7))]
            ),
            "Status": rng.choices(("Sent", "Final", "Draft"), (70, 24, 6))[0],
        }
        if rng.random() < 0.5:  # noqa: PLR2004 - the others name a recipient only
            cells["Referrer ID"] = str(1 + rng.randrange(facts.referrers))
        cells.update(stamps(rng, day, facts.today))
        yield Record(next(ids), cells, rng.randrange(6))


def reminder_records(facts: DemoClinicFacts, patients: PatientPlan) -> Iterator[Record]:
    """Yield reminders of appointments and recalls, the last ones still to come."""
    rng = facts.chance("reminders")
    ids = record_ids(rng)
    for n in range(facts.reminders):
        due = facts.today + timedelta(days=30 - (facts.reminders - n) * 900 // facts.reminders)
        ahead = due > facts.today
        cells: dict[Cell, Value] = {
            "ID_Reminder": str(n + 1),
            "Patient ID": patients.random_id(rng),
            "Method": rng.choices(("SMS", "Email", "Phone", "Letter"), (80, 12, 5, 3))[0],
            "Due Date": written_date(due),
            "Status": "Pending" if ahead else rng.choices(("Sent", "Failed"), (97, 3))[0],
            "Reminder Text": rng.choice(_TEXTS),
        }
        if rng.random() < 0.8:  # noqa: PLR2004 - the others are recalls
            cells["Appointment ID"] = _visit(n, facts.reminders, facts)
        if cells["Status"] == "Sent":
            cells["Sent At"] = written_timestamp(_clock(rng, due))
        yield Record(next(ids), cells, rng.randrange(3))


def message_records(facts: DemoClinicFacts, patients: PatientPlan) -> Iterator[Record]:
    """Yield SMS messages both ways; some replies came from numbers nobody has."""
    rng = facts.chance("messages")
    strangers = set(rng.sample(range(facts.messages), facts.messages_from_unknown_numbers))
    ids = record_ids(rng)
    for n in range(facts.messages):
        sent = facts.today - timedelta(days=(facts.messages - n) * 800 // facts.messages)
        incoming = n in strangers or rng.random() < 0.25  # noqa: PLR2004 - the share of replies
        state = rng.choices(("Delivered", "Sent", "Failed"), (88, 9, 3))[0]
        cells: dict[Cell, Value] = {
            "ID_SMS": str(n + 1),
            "Patient ID": "" if n in strangers else patients.random_id(rng),
            "Direction": "In" if incoming else "Out",
            "Mobile": names.written(rng, names.mobile_digits(rng)),
            "Message": rng.choice(_REPLIES if incoming else _TEXTS),
            "Sent": written_timestamp(_clock(rng, sent)),
            "Delivery Status": "Received" if incoming else state,
        }
        if not incoming and rng.random() < 0.7:  # noqa: PLR2004 - the others are about no visit
            cells["Appointment ID"] = _visit(n, facts.messages, facts)
        yield Record(next(ids), cells, rng.randrange(2))


def _visit(n: int, count: int, facts: DemoClinicFacts) -> str:
    return str(appointments.FIRST_ID + int(n / count * facts.appointments * 0.9))


def _clock(rng: Random, day: object) -> datetime:
    return datetime.combine(day, time(8 + rng.randrange(10), rng.randrange(60)))  # type: ignore[arg-type]
