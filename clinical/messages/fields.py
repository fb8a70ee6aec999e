"""Fields such as {{first_name}} in what patients are sent: known names, replaced once, nothing else.

As in letters no template engine reads what people wrote. There is no field for what a visit is about:
nothing clinical stands in a text or a reminder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clinical.letters.merge_fields import fields_left
from clinical.practice.clock import zone_of
from clinical.practice.models import AppointmentType
from ports.segments import Count, count, normalise
from tenants.running import running_clinic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from clinical.appointments.models import Appointment
    from clinical.messages.models import MessageTemplate, ReminderRule
    from clinical.patients.models import Patient
    from clinical.practice.models import Location

_FIELD = re.compile(r"\{\{\s*([\w.]{1,60})\s*\}\}")
_SPACES = re.compile(r"[ \t]{2,}")
CONFIRM = "Reply Y to confirm or N if you cannot come."
LONG_TEXT = 3
"""From so many parts on the author is asked whether it could be shorter."""


@dataclass(frozen=True)
class MessageFacts:
    """What a message may say of a visit and its patient. `starts_at` is on the place's clocks."""

    first_name: str
    clinic: str
    starts_at: datetime | None = None
    location: str = ""
    address: str = ""
    phone: str = ""
    clinician: str = ""
    link: str = ""


@dataclass(frozen=True)
class Said:
    """A message as it goes out."""

    subject: str
    body: str

    @property
    def count(self) -> Count:
        return count(self.body)


def _clock(facts: MessageFacts) -> str:
    if facts.starts_at is None:
        return ""
    minutes = f":{facts.starts_at:%M}" if facts.starts_at.minute else ""
    return f"{facts.starts_at:%-I}{minutes} {facts.starts_at:%p}".replace("AM", "am").replace(
        "PM", "pm"
    )


def _day(facts: MessageFacts, style: str) -> str:
    return f"{facts.starts_at:{style}}" if facts.starts_at else ""


FIELDS: dict[str, tuple[str, Callable[[MessageFacts], str]]] = {
    "first_name": ("What the patient is called", lambda facts: facts.first_name),
    "clinic": ("The practice", lambda facts: facts.clinic),
    "day": ("Day of the visit: Tue 24 Nov", lambda facts: _day(facts, "%a %-d %b")),
    "long_day": (
        "Day in full: Tuesday 24 November",
        lambda facts: _day(facts, "%A %-d %B"),
    ),
    "time": ("When it begins: 2:30 pm", _clock),
    "clinician": ("Who sees them", lambda facts: facts.clinician),
    "location": ("Where", lambda facts: facts.location),
    "address": ("The location's street", lambda facts: facts.address),
    "phone": ("The location's telephone", lambda facts: facts.phone),
    "link": ("Video link of the visit", lambda facts: facts.link),
    "confirm": ("How to answer: Reply Y to confirm …", lambda _facts: CONFIRM),
}
"""Name → what it is called on screen, and the text it becomes."""


def merge(text: str, facts: MessageFacts) -> str:
    """Fill in what is known; a field without a text leaves no gap, what is no field stays."""

    def _replaced(found: re.Match[str]) -> str:
        field = FIELDS.get(found.group(1).lower())
        return field[1](facts) if field else found.group()

    return "\n".join(
        _SPACES.sub(" ", line).strip() for line in _FIELD.sub(_replaced, text).splitlines()
    )


def written(template: MessageTemplate, facts: MessageFacts) -> Said:
    """Write a template for one visit; a text in plain characters, as it is sent."""
    body = merge(template.body, facts).strip()
    if template.channel == "sms":
        return Said("", normalise(body))
    return Said(" ".join(merge(template.subject, facts).split()), body)


def template_for(rule: ReminderRule | None, channel: str) -> MessageTemplate | None:
    """Answer the words of a rule for the channel that was taken."""
    if rule is None:
        return None
    if rule.template.channel == channel:
        return rule.template
    return rule.fallback


def facts_of(visit: Appointment, patient: Patient) -> MessageFacts:
    """Answer what may be said of a visit; asks for the clinic's name."""
    clinic = running_clinic()
    zone = zone_of(visit.location) if visit.location and visit.location.time_zone else clinic.zone
    return MessageFacts(
        first_name=first_name(patient.preferred_name, patient.given_names, patient.full_name),
        clinic=clinic.name,
        starts_at=visit.starts_at.astimezone(zone),
        **place_facts(visit.location, visit.setting),
        clinician=visit.practitioner.name if visit.practitioner else "",
        link=visit.video_link,
    )


def place_facts(place: Location | None, setting: str) -> dict[str, str]:
    """Answer where a visit takes place in words, and the telephone of the place."""
    street = ""
    if place is not None:
        street = ", ".join(line.strip() for line in place.address.splitlines() if line.strip())
    where = {
        AppointmentType.Setting.HOME: "your home",
        AppointmentType.Setting.TELEHEALTH: "video",
    }.get(AppointmentType.Setting(setting) if setting else AppointmentType.Setting.CLINIC)
    return {
        "location": where or (place.name if place else ""),
        "address": "" if where else street,
        "phone": place.phone if place else "",
    }


def first_name(preferred: str, given: str, full: str = "") -> str:
    """Answer what the patient is called in a message: never the family name where it can be helped."""
    return preferred.strip() or (given.split() or full.split() or ["there"])[0]


def warnings_of(template: MessageTemplate, *, type_names: Iterable[str] | None = None) -> list[str]:
    """Say what the author of a template should look at again."""
    text = f"{template.subject}\n{template.body}"
    found = [
        f"{{{{{name}}}}} is no field; patients would read it as it stands."
        for name in fields_left(text)
        if name.lower() not in FIELDS
    ]
    names = type_names if type_names is not None else kinds_of_visits()
    told = [name for name in names if _names(text, name)]
    found += [
        f"It names the kind of visit (“{name}”). Anybody who sees the telephone reads it."
        for name in told
    ]
    return found + (_warnings_of_text(template.body) if template.channel == "sms" else [])


def kinds_of_visits() -> list[str]:
    return list(AppointmentType.objects.values_list("name", flat=True))


def _names(text: str, name: str) -> bool:
    plain = name.strip()
    return bool(plain) and bool(re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", text, re.IGNORECASE))


def _warnings_of_text(body: str) -> list[str]:
    plain = normalise(body)
    counted = count(plain)
    found = []
    if not counted.is_gsm:
        odd = " ".join(counted.odd[:6])
        found.append(
            f"{odd} cannot be sent in plain characters: each part holds 67 to 70 characters instead "
            "of 153 to 160."
        )
    if plain != body.replace("\r\n", "\n").replace("\r", "\n"):
        found.append(
            "Curly quotation marks, long dashes and the like are sent as plain ones, "
            "as they would double the cost."
        )
    if counted.segments >= LONG_TEXT:
        found.append(f"It is {counted.segments} texts long, and paid for as such.")
    return found


def sample_facts(at: datetime, *, place: Location | None = None) -> MessageFacts:
    """Answer made-up facts for a preview."""
    clinic = running_clinic()
    where = place_facts(place, "") if place else {}
    return MessageFacts(
        first_name="Robin",
        clinic=clinic.name,
        starts_at=at.astimezone(clinic.zone).replace(hour=14, minute=30, second=0, microsecond=0),
        location=where.get("location") or "Harbour Street",
        address=where.get("address") or "4 Harbour Street",
        phone=where.get("phone") or "(02) 5550 0110",
        clinician="Sam Rivers",
        link="https://video.example/room",
    )
