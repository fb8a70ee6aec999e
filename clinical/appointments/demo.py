"""A small made-up practice around today, so that a new clinic of the demo has something to show.

Every name, number and address is invented; the phones are from ranges kept for fiction (ACMA).
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import User
from clinical.appointments.models import Appointment, WaitingEntry
from clinical.appointments.statuses import Status
from clinical.patients.contacts import normalise_contact
from clinical.patients.identifiers import is_valid_identifier
from clinical.patients.models import (
    Address,
    ContactPoint,
    CoordinatorAssignment,
    Patient,
    PatientIdentifier,
)
from clinical.practice.clock import moment_at
from clinical.practice.models import (
    AppointmentType,
    FundingType,
    Location,
    Practitioner,
    RosterHours,
)
from tenants.scope import Actor, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenants.models import Tenant

PATIENTS = 60
PARTICIPANTS = 5
DAYS = range(-4, 8)
"""Days around today, today being 0."""

_LOCATIONS = (
    ("Harbour Street Clinic", "Harbour St", "#1f6f78", "(02) 5550 0110", "4 Harbour Street"),
    ("Wattle Grove Rooms", "Wattle Grove", "#8a5a2b", "(02) 5550 0122", "Suite 2, 18 Wattle Grove"),
)
_CLINICIANS = (
    ("Kasimir Poole", "Podiatry", "#3d6ea8"),
    ("Imre Castellan", "Physiotherapy", "#7a4e9a"),
    ("Sunniva Okafor", "Occupational therapy", "#2f7d4f"),
    ("Thaddeus Lim", "Exercise physiology", "#b4532a"),
)
_Setting = AppointmentType.Setting
_TYPES: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
    ("Initial assessment", 60, "#5b8def", {}),
    ("Standard consultation", 30, "#4fa37d", {}),
    ("Long consultation", 45, "#c28f2c", {}),
    ("Telehealth review", 20, "#9a6bc2", {"setting": _Setting.TELEHEALTH}),
    ("Home visit", 60, "#c0605d", {"setting": _Setting.HOME}),
)
_CLASS = (
    "Balance class",
    45,
    "#2b8a9e",
    {"max_attendees": 8, "buffer_before": 10, "buffer_after": 5},
)
_ATTEND = 6
_FUNDING = ("NDIS", "Medicare", "DVA", "Private", "Workers compensation")
_GIVEN = (
    "Aurelia Bram Cosima Dorian Elodie Fintan Greta Halcyon Isolde Jasper Keziah Leopold Maren Nico "
    "Odile Piers Quilla Rafe Saskia Tobin Una Viggo Wilhelmina Xanthe Yorick Zelda Ambrose Birdie "
    "Caspian Delphine"
)
_FAMILY = (
    "Abernathy Birchgrove Coldstream Dunmore Eaglehawk Fernleigh Gallowglass Hartnell Ironbark "
    "Jessop Kirribee Larkspur Mossvale Nightingale Oakhurst Pemberley Quillfeather Ravensworth "
    "Silverdale Thistlewood Underhay Vanterpool Winterbourne Yarrowdale Zaharova"
)
_ALERTS = (
    "Allergic to latex. Use nitrile gloves.",
    "Falls risk: meet at the car park.",
    "Prefers written instructions; hearing aid in the left ear.",
)
_NOTES = ("", "", "", "Bring the referral", "New orthotics to fit", "Care plan review due")


@transaction.atomic
def _fill(zone: ZoneInfo, now: datetime) -> int:
    chance = random.Random(20)  # noqa: S311 - the same demo on every machine
    locations = [
        Location.objects.create(name=name, short_name=short, colour=c, phone=phone, address=street)
        for name, short, c, phone, street in _LOCATIONS
    ]
    clinicians = [
        Practitioner.objects.create(
            name=name,
            discipline=discipline,
            colour=colour,
            room_link=f"https://video.example.com/{name.split()[0].lower()}",
        )
        for name, discipline, colour in _CLINICIANS
    ]
    RosterHours.objects.bulk_create(
        RosterHours(practitioner=clinician, weekday=weekday, starts=starts, ends=ends)
        for number, clinician in enumerate(clinicians)
        for weekday in range(5)
        for starts, ends in ((time(8 + number % 2), time(12, 30)), (time(13), time(17)))
    )
    types = [
        AppointmentType.objects.create(name=name, duration_minutes=minutes, colour=colour, **more)
        for name, minutes, colour, more in (*_TYPES, _CLASS)
    ]
    funding = [FundingType.objects.create(name=name) for name in _FUNDING]
    patients = _patients(chance, locations, funding, now.astimezone(zone).date())
    _connect_people(clinicians, patients)
    appointments = list(
        _appointments(
            chance,
            patients=patients,
            clinicians=clinicians,
            types=types[:-1],
            locations=locations,
            zone=zone,
            now=now,
        )
    )
    classes = _classes(
        chance,
        appointments,
        patients=patients,
        clinician=clinicians[-1],
        kind=types[-1],
        zone=zone,
        now=now,
    )
    appointments += list(classes)
    Appointment.objects.bulk_create(appointments)
    WaitingEntry.objects.bulk_create(_waiting(patients, clinicians))
    return len(appointments)


def fill_demo_clinic(
    tenant: Tenant, *, now: datetime | None = None, beside_own: bool = False
) -> int:
    """Fill an empty clinic; answers how many appointments it got, 0 where something was there.

    `beside_own`: locations that are there already are no reason not to.
    """
    with tenant_scope(tenant, actor=Actor(label="demo")):
        if Patient.objects.exists() or (Location.objects.exists() and not beside_own):
            return 0
        return _fill(ZoneInfo(tenant.time_zone), now or datetime.now(UTC))


def _connect_people(clinicians: Sequence[Practitioner], patients: Sequence[Patient]) -> None:
    """Give accounts of a clinician's name their column, and coordinators some participants."""
    people = {user.name: user for user in User.objects.filter(is_active=True)}
    for clinician in clinicians:
        if clinician.name in people:
            clinician.user = people[clinician.name]
            clinician.save(update_fields=["user"])
    CoordinatorAssignment.objects.bulk_create(
        CoordinatorAssignment(user=user, patient=patient)
        for user in people.values()
        if user.role == User.Role.COORDINATOR
        for patient in patients[:PARTICIPANTS]
    )


def _patients(
    chance: random.Random,
    locations: Sequence[Location],
    funding: Sequence[FundingType],
    today: date,
) -> list[Patient]:
    given, family = _GIVEN.split(), _FAMILY.split()
    patients = [
        Patient(
            given_names=given[n % len(given)],
            family_name=family[(n * 7) % len(family)],
            preferred_name=given[n % len(given)][:3] if n % 9 == 0 else "",
            date_of_birth=today - timedelta(days=chance.randrange(4 * 365, 88 * 365)),
            sex=chance.choice(("female", "male", "")),
            location=locations[n % len(locations)],
            funding_type=chance.choice(funding),
            alerts=_ALERTS[n % len(_ALERTS)] if n % 11 == 0 else "",
        )
        for n in range(PATIENTS)
    ]
    Patient.objects.bulk_create(patients)
    ContactPoint.objects.bulk_create(_contacts(patients))
    Address.objects.bulk_create(
        Address(
            patient=patient,
            lines=f"{n + 3} Invented Lane",
            suburb="Merrigum Bay",
            state="NSW",
            postcode="2999",
        )
        for n, patient in enumerate(patients)
    )
    PatientIdentifier.objects.bulk_create(_numbers(chance, patients))
    return patients


def _contacts(patients: Sequence[Patient]) -> Iterator[ContactPoint]:
    for n, patient in enumerate(patients):
        mobile = f"0491 57{n // 10} {(n % 10) * 100 + 6:03d}"
        mail = f"{patient.given_names}.{patient.family_name}@example.com".lower()
        for kind, value in (("mobile", mobile), ("email", mail)):
            yield ContactPoint(
                patient=patient,
                kind=kind,
                value=value,
                normalised=normalise_contact(kind, value),
            )


def _numbers(chance: random.Random, patients: Sequence[Patient]) -> Iterator[PatientIdentifier]:
    for patient in patients:
        if patient.funding_type and patient.funding_type.name == "NDIS":
            value = f"43{chance.randrange(10**7):07d}"
            yield PatientIdentifier(
                patient=patient,
                kind="ndis",
                value=value,
                normalised=value,
                is_valid=is_valid_identifier("ndis", value),
            )


def _appointments(
    chance: random.Random,
    *,
    patients: Sequence[Patient],
    clinicians: Sequence[Practitioner],
    types: Sequence[AppointmentType],
    locations: Sequence[Location],
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[Appointment]:
    today = now.astimezone(zone).date()
    for offset in DAYS:
        day = today + timedelta(days=offset)
        is_quiet = day.weekday() >= 5 and day != today  # noqa: PLR2004 - Saturday and Sunday
        for number, clinician in enumerate(clinicians):
            if is_quiet:
                continue
            place = locations[(number + day.toordinal()) % len(locations)]
            at = moment_at(day, time(8 + number % 2, 30), zone)
            end = moment_at(day, time(16, 30), zone)
            while at < end:
                kind = chance.choice(types)
                ends = at + timedelta(minutes=kind.duration_minutes)
                if chance.random() < 0.75:  # noqa: PLR2004 - three quarters full
                    yield Appointment(
                        patient=chance.choice(patients),
                        practitioner=clinician,
                        location=place,
                        appointment_type=kind,
                        starts_at=at,
                        ends_at=ends,
                        status=(status := _status(chance, at, ends, now)),
                        status_times=(
                            {status: (at - timedelta(minutes=chance.randrange(3, 15))).isoformat()}
                            if status == Status.ARRIVED
                            else {}
                        ),
                        notes=chance.choice(_NOTES),
                        travel_before=15 if kind.setting == _Setting.HOME else 0,
                        video_link=(
                            clinician.room_link if kind.setting == _Setting.TELEHEALTH else ""
                        ),
                    )
                at = ends + timedelta(minutes=chance.choice((0, 0, 15)))
        if not is_quiet:
            yield Appointment(
                practitioner=clinicians[0],
                location=locations[0],
                starts_at=moment_at(day, time(12, 30), zone),
                ends_at=moment_at(day, time(13), zone),
                notes="Team meeting",
            )


def _classes(
    chance: random.Random,
    others: list[Appointment],
    *,
    patients: Sequence[Patient],
    clinician: Practitioner,
    kind: AppointmentType,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[Appointment]:
    """Hold a class before lunch on the clinician's days; what stood there goes."""
    own = [visit for visit in others if visit.practitioner == clinician]
    days = {visit.starts_at.astimezone(zone).date(): visit for visit in reversed(own)}
    for first in days.values():
        starts = first.starts_at + timedelta(hours=2, minutes=30)
        ends = starts + timedelta(minutes=kind.duration_minutes)
        session = Appointment(
            practitioner=clinician,
            location=first.location,
            appointment_type=kind,
            starts_at=starts,
            ends_at=ends,
            seats=kind.max_attendees,
            buffer_before=kind.buffer_before,
            buffer_after=kind.buffer_after,
            status=Status.COMPLETED if ends <= now else Status.BOOKED,
        )
        for visit in own:
            if visit.starts_at < session.busy_until and visit.ends_at > session.busy_from:
                others.remove(visit)
        yield session
        for patient in chance.sample(list(patients), _ATTEND):
            yield Appointment(
                patient=patient,
                practitioner=clinician,
                location=first.location,
                appointment_type=kind,
                starts_at=starts,
                ends_at=ends,
                group=session,
                status=_status(chance, starts, ends, now),
            )


def _waiting(
    patients: Sequence[Patient], clinicians: Sequence[Practitioner]
) -> Iterator[WaitingEntry]:
    priorities = WaitingEntry.Priority.values
    for number, patient in enumerate(patients[5:50:9]):
        yield WaitingEntry(
            patient=patient,
            practitioner=clinicians[number % len(clinicians)] if number % 2 else None,
            priority=priorities[number % len(priorities)],
            weekdays=[0, 2, 4] if number % 3 == 0 else [],
            note="Can come at short notice" if number % 2 == 0 else "",
        )


def _status(chance: random.Random, starts: datetime, ends: datetime, now: datetime) -> str:
    if starts <= now < ends:
        return Status.IN_SESSION
    if ends <= now:
        return chance.choices(
            (
                Status.COMPLETED,
                Status.DID_NOT_ATTEND,
                Status.LATE_CANCELLATION,
                Status.CANCELLED,
            ),
            (85, 6, 4, 5),
        )[0]
    if starts - now < timedelta(minutes=20):
        return Status.ARRIVED
    return chance.choices((Status.BOOKED, Status.CONFIRMED, Status.CANCELLED), (50, 44, 6))[0]
