"""Questions about appointments. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Max, Q
from django.shortcuts import get_object_or_404

from accounts.permissions import sees_only_assigned
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import STILL_TO_COME, TAKES_NO_TIME
from clinical.practice.clock import day_span, zone_of
from clinical.practice.models import LONGEST_BUFFER, Location

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, tzinfo
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import Practitioner

MOST_CLASHES = 5
_ALL = Q()
LONGEST = timedelta(hours=24)
"""No appointment takes longer, so nothing that began earlier can reach into a span."""
LONGEST_AROUND = timedelta(minutes=2 * LONGEST_BUFFER)
"""What a clinician may need before or after a visit: its buffer and the road."""
PAST_SHOWN = 100
STILL_WAITING = timedelta(hours=2)
"""After the end of a visit nobody sits in the waiting room for it: its status was forgotten."""


def visible_appointments(actor: User) -> QuerySet[Appointment]:
    """All of the clinic's; for a support coordinator those of assigned participants only."""
    appointments = Appointment.objects.select_related(
        "patient", "practitioner", "appointment_type", "location"
    )
    if sees_only_assigned(actor):
        return appointments.filter(patient__coordinator_assignments__user=actor)
    return appointments


def get_appointment(actor: User, pk: UUID) -> Appointment:
    """Answer an appointment; raises Http404 for whom the actor may not see."""
    return get_object_or_404(visible_appointments(actor), pk=pk)


@dataclass(frozen=True)
class Visit:
    """An appointment with its times as the place's clocks show them."""

    appointment: Appointment
    starts: datetime
    ends: datetime
    attendees: Sequence[Appointment] = ()
    """Who has a place in it, where it is a group session."""

    @property
    def attending(self) -> Sequence[Appointment]:
        """Those who are expected or have come."""
        return [one for one in self.attendees if one.status not in TAKES_NO_TIME]

    @property
    def free_seats(self) -> int:
        return max(0, self.appointment.seats - len(self.attending))

    @property
    def is_foreign(self) -> bool:
        """True where the place's clocks differ from the practice's, so the zone must be named."""
        zone = zone_of(None)
        return self.starts.utcoffset() != self.starts.astimezone(zone).utcoffset()

    @property
    def arrived_at(self) -> datetime | None:
        text = self.appointment.status_times.get(Appointment.Status.ARRIVED)
        return datetime.fromisoformat(text) if text else None

    def is_now(self, now: datetime) -> bool:
        return self.appointment.starts_at <= now < self.appointment.ends_at


def visit_of(appointment: Appointment, attendees: Sequence[Appointment] = ()) -> Visit:
    zone = zone_of(appointment.location)
    return Visit(
        appointment,
        appointment.starts_at.astimezone(zone),
        appointment.ends_at.astimezone(zone),
        attendees,
    )


def attendees_of(session: Appointment, actor: User) -> list[Appointment]:
    """Answer who has a place in a group session, those who come first, by name."""
    if not session.is_group:
        return []
    found = visible_appointments(actor).filter(group=session)
    return sorted(found, key=_place_in_list)


def _place_in_list(attendee: Appointment) -> tuple[bool, str]:
    patient = attendee.patient
    return attendee.status in TAKES_NO_TIME, patient.sort_name if patient else ""


def in_sessions(appointments: Sequence[Appointment]) -> list[Visit]:
    """Put those who attend a group session under it; one whose session the actor may not see stays."""
    sessions = {one.pk for one in appointments if one.is_group}
    attending: dict[UUID, list[Appointment]] = {}
    for one in appointments:
        if one.group_id in sessions:
            attending.setdefault(one.group_id, []).append(one)
    return [
        visit_of(one, sorted(attending.get(one.pk, ()), key=_place_in_list))
        for one in appointments
        if one.group_id not in sessions
    ]


@dataclass(frozen=True)
class Column:
    """One clinician's day; None is for what has no clinician."""

    practitioner: Practitioner | None
    visits: Sequence[Visit]

    @property
    def seen(self) -> int:
        """How many take time: cancelled and missed ones do not."""
        return sum(
            len(visit.attending)
            if visit.appointment.is_group
            else bool(visit.appointment.patient_id)
            for visit in self.visits
            if visit.appointment.status not in TAKES_NO_TIME
        )


@dataclass(frozen=True)
class DaySheet:
    """A day of the diary: a column for each clinician who has something, in order of name.

    A closed location has its tab on the days when it has something. `by_location` counts all
    locations' appointments; None stands for those without one.
    """

    day: date
    zone: tzinfo
    columns: Sequence[Column]
    locations: Sequence[Location]
    by_location: Counter[UUID | None]
    total: int


def day_sheet(
    actor: User,
    day: date,
    *,
    location: Location | None = None,
    without_location: bool = False,
) -> DaySheet:
    """Answer the day's appointments, each on the day that its own place's calendar shows."""
    locations = list(Location.objects.all())
    by_location = _counted_by_location(actor, day, locations)
    here = Q(location=location) if location is not None else Q()
    if without_location:
        here &= Q(location=None)
    shown = _visits_between(actor, day, day, locations, here)
    return DaySheet(
        day=day,
        zone=zone_of(location),
        columns=_columns(shown),
        locations=[
            place
            for place in locations
            if place.is_active or place == location or by_location[place.pk]
        ],
        by_location=by_location,
        total=len(shown),
    )


def _visits_between(
    actor: User, first: date, last: date, locations: Sequence[Location], only: Q = _ALL
) -> list[Visit]:
    """Read the days of every zone in one query, then keep what is on them at its own place."""
    found = _started_between(visible_appointments(actor), first, last, locations).filter(only)
    # Hundreds of visits share a few clinicians, types and places: each of those is read once.
    found = (
        found.select_related(None)
        .select_related("patient")
        .prefetch_related("practitioner", "appointment_type", "location")
        .defer("extra", "patient__extra", "patient__notes", "patient__search_name")
    )
    visits = in_sessions(list(found.order_by("starts_at", "id")))
    return [visit for visit in visits if first <= visit.starts.date() <= last]


def _counted_by_location(
    actor: User, day: date, locations: Sequence[Location]
) -> Counter[UUID | None]:
    """Count the visits of a day at its own place, a group session as one."""
    zones: dict[UUID | None, tzinfo] = {place.pk: zone_of(place) for place in locations}
    zones[None] = zone_of(None)
    found = list(
        _started_between(visible_appointments(actor), day, day, locations).values_list(
            "pk", "seats", "group_id", "location_id", "starts_at"
        )
    )
    sessions = {pk for pk, seats, *_rest in found if seats > 1}
    return Counter(
        place
        for _pk, _seats, session, place, starts_at in found
        if session not in sessions and starts_at.astimezone(zones[place]).date() == day
    )


def _started_between(
    appointments: QuerySet[Appointment], first: date, last: date, locations: Sequence[Location]
) -> QuerySet[Appointment]:
    zones = {zone_of(place) for place in (None, *locations)}
    return appointments.filter(
        starts_at__gte=min(day_span(first, zone)[0] for zone in zones),
        starts_at__lt=max(day_span(last, zone)[1] for zone in zones),
    )


@dataclass(frozen=True)
class Span:
    """The visits of some days. `version` differs as soon as one was added, changed or removed."""

    visits: Sequence[Visit]
    version: str


def visits_of_span(
    actor: User,
    first: date,
    last: date,
    *,
    location: Location | None = None,
    practitioner: UUID | None = None,
) -> Span:
    """Answer the visits from one day to another, both included, at one location or at all.

    The version is asked first: what changes between the two questions is shown or asked for again,
    never passed over.
    """
    locations = list(Location.objects.all())
    version = _version_of(actor, first, last, locations)
    only = Q(location=location) if location is not None else Q()
    if practitioner is not None:
        only &= Q(practitioner=practitioner)
    return Span(_visits_between(actor, first, last, locations, only), version)


def version_of_span(actor: User, first: date, last: date) -> str:
    """Answer a text that changes with every change to the appointments of these days."""
    return _version_of(actor, first, last, list(Location.objects.all()))


def _version_of(actor: User, first: date, last: date, locations: Sequence[Location]) -> str:
    found = _started_between(visible_appointments(actor), first, last, locations)
    facts = found.aggregate(latest=Max("changed_at"), count=Count("pk", distinct=True))
    latest = facts["latest"].isoformat() if facts["latest"] else ""
    return f"{facts['count']}@{latest}"


def following_in_series(appointment: Appointment) -> list[Appointment]:
    """Answer the later ones of its series that are still to come, not those already cancelled."""
    if appointment.series_id is None:
        return []
    found = Appointment.objects.filter(
        series_id=appointment.series_id,
        starts_at__gt=appointment.starts_at,
        status__in=STILL_TO_COME,
    )
    return list(found.select_related("patient", "practitioner", "location").order_by("starts_at"))


def arrivals(actor: User, *, now: datetime, location: Location | None = None) -> list[Visit]:
    """Answer who has arrived today and is still waiting, who came first first."""
    found = visible_appointments(actor).filter(
        status=Appointment.Status.ARRIVED,
        starts_at__gte=now - LONGEST,
        starts_at__lt=now + LONGEST,
        ends_at__gte=now - STILL_WAITING,
    )
    if location is not None:
        found = found.filter(location=location)
    waiting = [visit_of(appointment) for appointment in found]
    return sorted(waiting, key=lambda visit: visit.arrived_at or visit.appointment.starts_at)


def next_visit_of(appointment: Appointment, actor: User) -> Visit | None:
    """Answer the patient's next appointment after this one."""
    if appointment.patient_id is None:
        return None
    following = (
        visible_appointments(actor)
        .filter(patient_id=appointment.patient_id, starts_at__gt=appointment.starts_at)
        .exclude(status__in=TAKES_NO_TIME)
        .order_by("starts_at", "id")
        .first()
    )
    return visit_of(following) if following else None


def _columns(visits: Sequence[Visit]) -> list[Column]:
    by_practitioner: dict[Practitioner | None, list[Visit]] = {}
    for visit in visits:
        by_practitioner.setdefault(visit.appointment.practitioner, []).append(visit)
    columns = [Column(practitioner, found) for practitioner, found in by_practitioner.items()]
    return sorted(
        columns,
        key=lambda column: (
            column.practitioner is None,
            column.practitioner.name.casefold() if column.practitioner else "",
        ),
    )


@dataclass(frozen=True)
class PatientAppointments:
    """A patient's appointments: the next one first, then the last one first."""

    upcoming: Sequence[Appointment]
    past: Sequence[Appointment]
    total: int


class VisitInShort(NamedTuple):
    """What the overview says of one appointment."""

    pk: UUID
    starts_at: datetime
    ends_at: datetime
    practitioner: str | None


@dataclass(frozen=True)
class VisitsInShort:
    """The appointments between which a patient stands, and how many there are."""

    upcoming: VisitInShort | None
    past: VisitInShort | None
    total: int


def visits_in_short(actor: User, patient: Patient, *, now: datetime) -> VisitsInShort:
    """Answer the next and the last one: one plain query, for each record that is opened asks."""
    found = visible_appointments(actor).filter(patient=patient).order_by("starts_at", "id")
    columns = ("pk", "starts_at", "ends_at", "practitioner__name")
    visits = [VisitInShort(*row) for row in found.values_list(*columns)]
    upcoming = next((visit for visit in visits if visit.ends_at >= now), None)
    past = next((visit for visit in reversed(visits) if visit.ends_at < now), None)
    return VisitsInShort(upcoming, past, len(visits))


def appointments_of(actor: User, patient: Patient, *, now: datetime) -> PatientAppointments:
    """Answer all that is to come and the latest PAST_SHOWN that were."""
    found = visible_appointments(actor).filter(patient=patient)
    upcoming = list(found.filter(ends_at__gte=now).order_by("starts_at", "id"))
    past = list(found.filter(ends_at__lt=now).order_by("-starts_at", "-id")[:PAST_SHOWN])
    total = len(upcoming) + len(past)
    if len(past) == PAST_SHOWN:
        total = found.count()
    return PatientAppointments(upcoming, past, total)


def clashes_with(appointment: Appointment) -> list[Appointment]:
    """Answer what else the clinician, or a patient, has in the span (unsaved ones may ask).

    The clinician is busy from the buffer before to the buffer after, the patient during the visit.
    A place in a group session asks for its patient alone: the session holds the clinician.
    """
    patients = _patients_in(appointment)
    same = Q()
    if appointment.practitioner is not None and appointment.group_id is None:
        same |= Q(practitioner=appointment.practitioner, group__isnull=True)
    if patients:
        same |= Q(patient__in=patients)
    if not same:
        return []
    found = (
        Appointment.objects.filter(
            same,
            starts_at__lt=appointment.busy_until + LONGEST_AROUND,
            starts_at__gt=appointment.busy_from - LONGEST - LONGEST_AROUND,
        )
        .exclude(pk=appointment.pk)
        .exclude(status__in=TAKES_NO_TIME)
        .exclude(group__isnull=False, group=appointment.pk)
        .select_related("patient", "practitioner", "location", "appointment_type")
        .order_by("starts_at", "id")
    )
    clashes = [other for other in found if _stand_in_the_way(appointment, other, patients)]
    return clashes[:MOST_CLASHES]


def _patients_in(appointment: Appointment) -> set[UUID]:
    if appointment.is_group:
        attending = Appointment.objects.filter(group=appointment.pk)
        ids = attending.exclude(status__in=TAKES_NO_TIME).values_list("patient", flat=True)
        return {pk for pk in ids if pk}
    return {appointment.patient_id} if appointment.patient_id else set()


def _stand_in_the_way(mine: Appointment, other: Appointment, patients: set[UUID]) -> bool:
    if other.patient_id in patients and (
        other.starts_at < mine.ends_at and other.ends_at > mine.starts_at
    ):
        return True
    return (
        mine.practitioner is not None
        and mine.group_id is None
        and other.group_id is None
        and other.practitioner_id == mine.practitioner.pk
        and other.busy_from < mine.busy_until
        and other.busy_until > mine.busy_from
    )
