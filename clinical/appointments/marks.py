"""Small signs on a block of the diary, each with a word. Apps add theirs from `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Min

from accounts.permissions import may
from clinical.appointments.models import Appointment, Status
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.practice.models import AppointmentType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User

    Source = Callable[[Sequence[Appointment], datetime], Mapping[UUID, Sequence[str]]]

ASKED_TO_CONFIRM = timedelta(days=3)
"""So long before a visit it matters that nobody has confirmed it."""


@dataclass(frozen=True)
class Mark:
    """A sign: its icon and the word for those who do not see it; `about` explains it in the legend."""

    key: str
    icon: str
    word: str
    about: str


_OWN = (
    Mark("new", "star", "new patient", "the patient's first visit"),
    Mark("series", "repeat", "one of a series", "one of a series"),
    Mark("group", "users", "group session", "a group session, with who attends and how many may"),
    Mark("telehealth", "video", "by video", "a visit by video"),
    Mark("home", "home", "at the patient's home", "a visit at the patient's home"),
    Mark("unconfirmed", "help-circle", "not confirmed", "soon, and nobody has confirmed it yet"),
)
_marks: dict[str, Mark] = {mark.key: mark for mark in _OWN}
_sources: dict[str, tuple[str, Source]] = {}


def register(
    key: str, source: Source, marks: Sequence[Mark], *, permission: str = "appointments.view"
) -> None:
    """Add a source of marks; the same key again replaces it.

    `source(appointments, now)` answers keys of `marks` by appointment at the cost of one query for
    all of them.
    """
    _marks.update({mark.key: mark for mark in marks})
    _sources[key] = (permission, source)


def known_marks() -> list[Mark]:
    """Answer all there are, for the legend."""
    return list(_marks.values())


def marks_of(
    actor: User, appointments: Sequence[Appointment], *, now: datetime
) -> dict[UUID, list[Mark]]:
    """Answer the marks of each appointment, in the legend's order."""
    keys: dict[UUID, set[str]] = {one.pk: _own_of(one, now) for one in appointments}
    visits = [one for one in appointments if one.patient_id]
    if visits:
        for pk in _first_visits(visits):
            keys[pk].add("new")
        for permission, source in _sources.values():
            if may(actor, permission):
                for pk, more in source(visits, now).items():
                    keys[pk].update(more)
    return {
        pk: [mark for key, mark in _marks.items() if key in found] for pk, found in keys.items()
    }


def _own_of(appointment: Appointment, now: datetime) -> set[str]:
    facts = {
        "series": appointment.series_id is not None,
        "group": appointment.is_group or appointment.group_id is not None,
        "telehealth": appointment.setting == AppointmentType.Setting.TELEHEALTH,
        "home": appointment.setting == AppointmentType.Setting.HOME,
        "unconfirmed": appointment.patient_id is not None
        and appointment.status == Status.BOOKED
        and now <= appointment.starts_at <= now + ASKED_TO_CONFIRM,
    }
    return {key for key, holds in facts.items() if holds}


def _first_visits(visits: Sequence[Appointment]) -> list[UUID]:
    rows = (
        Appointment.objects.filter(patient__in={visit.patient_id for visit in visits})
        .exclude(status__in=TAKES_NO_TIME)
        .order_by()
        .values_list("patient")
        .annotate(first=Min("starts_at"))
    )
    firsts = dict(rows)
    return [
        visit.pk
        for visit in visits
        if visit.status not in TAKES_NO_TIME and visit.starts_at == firsts.get(visit.patient_id)
    ]
