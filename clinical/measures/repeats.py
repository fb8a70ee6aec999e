"""Questionnaires asked again and again: by mail, every few weeks or before a visit, until a day.

What is due is found by a task; each occasion is asked about once, whatever runs twice. The asking
ends by itself when the patient is archived or must not be written to, and when nothing comes back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import STILL_TO_COME
from clinical.consents.selectors import may_contact
from clinical.measures.instruments import all_instruments
from clinical.measures.links import (
    LinkError,
    NotForPatientsError,
    address_of,
    make_link,
)
from clinical.measures.models import PatientLink, Repeat
from clinical.measures.services import UnknownInstrumentError
from clinical.practice.clock import today_at, zone_of
from clinical.practice.rules import require
from clinical.rights.uses import REMINDERS, objection

if TYPE_CHECKING:
    from datetime import date, datetime

    from accounts.models import User
    from clinical.patients.models import Patient

LONGEST = timedelta(days=731)
UNANSWERED = 3
"""So many in a row without an answer end it: the patient has said no without saying so."""
HOURS = range(8, 20)
"""When mails go out, by the clock of the patient's location."""
BY_ITSELF = "Nexus, by itself"


class RepeatError(LinkError):
    """The questionnaire cannot be asked again and again."""


@transaction.atomic
def start_repeat(
    patient: Patient,
    *,
    actor: User,
    code: str,
    rhythm: str,
    weeks: int | None,
    until: date,
    at: datetime,
) -> Repeat:
    """Ask a questionnaire every `weeks` weeks, or before each visit, up to and with `until`.

    The first of every few weeks goes out the same day. Raises RepeatError.
    """
    require(actor, Action.RUN, Resource.MEASURES)
    instrument = all_instruments().get(code)
    if instrument is None:
        raise UnknownInstrumentError("There is no such measure. Choose one from the list.")
    if not instrument.by_patient:
        raise NotForPatientsError(
            f"{instrument.short} is taken by staff and cannot be sent. Choose another one."
        )
    today = today_at(zone_of(patient.location), at)
    if not today < until <= today + LONGEST:
        raise RepeatError("Choose a last day between tomorrow and two years from now.")
    if refusal := why_not(patient, today):
        raise RepeatError(refusal)
    is_weekly = rhythm == Repeat.Rhythm.WEEKS
    try:
        with transaction.atomic():
            return Repeat.objects.create(
                patient=patient,
                code=instrument.code,
                rhythm=Repeat.Rhythm.WEEKS if is_weekly else Repeat.Rhythm.VISIT,
                weeks=weeks if is_weekly else None,
                next_on=today if is_weekly else None,
                until=until,
                created_by=actor,
                created_by_name=actor.name,
            )
    except IntegrityError as error:
        raise RepeatError(
            f"{instrument.short} is asked again and again already. Stop that first."
        ) from error


def stop_repeat(repeat: Repeat, *, actor: User, at: datetime) -> Repeat:
    """Ask no more. A link that is out stays good."""
    require(actor, Action.RUN, Resource.MEASURES)
    _stop(repeat, at=at, by=actor.name, why="")
    return repeat


def decline(link: PatientLink, *, at: datetime) -> None:
    """Ask no more because the patient said so on the page of the questionnaire."""
    if link.repeat is not None:
        _stop(link.repeat, at=at, by="the patient", why="The patient does not want to be asked.")
    PatientLink.objects.filter(pk=link.pk, finished_at=None).update(cancelled_at=at)


def why_not(patient: Patient, today: date) -> str:
    """Answer why the patient is not to be mailed questionnaires; nothing where they may be."""
    if patient.is_archived:
        return "The patient is archived."
    if refusal := may_contact(patient, "email", today=today):
        return refusal
    if refusal := objection(patient.pk, REMINDERS):
        return refusal
    return "" if address_of(patient) else "The patient has no e-mail address."


def due_repeats(at: datetime) -> list[Repeat]:
    """Answer those that may have something to send now: one query, without looking at visits."""
    day = timezone.localdate(at)
    active = Repeat.objects.filter(stopped_at=None).filter(
        Q(next_on__lte=day + timedelta(days=1)) | Q(rhythm=Repeat.Rhythm.VISIT) | Q(until__lt=day)
    )
    return list(active.select_related("patient", "patient__location", "created_by").order_by("id"))


def ask_again(repeat: Repeat, *, at: datetime) -> int:
    """Send what is due of one; answers how many went out. Done twice, the second sends nothing.

    Needs the clinic's scope, one transaction each.
    """
    repeat = (
        Repeat.objects.select_for_update(of=("self",))
        .select_related("patient", "patient__location", "created_by")
        .get(pk=repeat.pk)
    )
    zone = zone_of(repeat.patient.location)
    today = today_at(zone, at)
    if repeat.stopped_at is not None or timezone.localtime(at, zone).hour not in HOURS:
        return 0
    if today > repeat.until:
        _stop(repeat, at=at, by=BY_ITSELF, why="Its last day has passed.")
        return 0
    occasions = _occasions(repeat, today=today, at=at)
    if not occasions:
        return 0
    if refusal := why_not(repeat.patient, today) or _silence(repeat):
        _stop(repeat, at=at, by=BY_ITSELF, why=refusal)
        return 0
    return sum(_ask(repeat, occasion, at=at) for occasion in occasions)


def _occasions(repeat: Repeat, *, today: date, at: datetime) -> list[str]:
    """Name what is due and moves the next day on: one of several that were missed."""
    if repeat.rhythm == Repeat.Rhythm.WEEKS:
        if repeat.next_on is None or repeat.weeks is None or repeat.next_on > today:
            return []
        occasion = repeat.next_on
        step = timedelta(weeks=repeat.weeks)
        while repeat.next_on <= today:
            repeat.next_on += step
        repeat.save(update_fields=["next_on"])
        return [f"day {occasion.isoformat()}"]
    soon = Appointment.objects.filter(
        patient=repeat.patient,
        status__in=STILL_TO_COME,
        starts_at__gt=at,
        starts_at__lte=at + timedelta(days=repeat.days_before),
    )
    asked = set(repeat.links.values_list("occasion", flat=True))
    names = [f"visit {pk}" for pk in soon.order_by("starts_at").values_list("pk", flat=True)]
    return [name for name in names if name not in asked][:1]


def _silence(repeat: Repeat) -> str:
    last = list(repeat.links.order_by("-created_at", "-id")[:UNANSWERED])
    is_silent = len(last) == UNANSWERED and not any(link.finished_at for link in last)
    return f"The last {UNANSWERED} were not answered." if is_silent else ""


def _ask(repeat: Repeat, occasion: str, *, at: datetime) -> bool:
    """Send one, in the place of an earlier one that was not answered. Once per occasion."""
    instrument = all_instruments()[repeat.code]
    try:
        with transaction.atomic():
            link, _token = make_link(
                repeat.patient,
                instrument,
                at=at,
                email=address_of(repeat.patient),
                by=repeat.created_by,
                by_name=repeat.created_by_name,
                repeat=repeat,
                occasion=occasion,
            )
    except IntegrityError:
        return False
    earlier = repeat.links.filter(finished_at=None, cancelled_at=None).exclude(pk=link.pk)
    earlier.update(cancelled_at=at)
    return True


def _stop(repeat: Repeat, *, at: datetime, by: str, why: str) -> None:
    changed = Repeat.objects.filter(pk=repeat.pk, stopped_at=None).update(
        stopped_at=at, stopped_by_name=by, stop_reason=why, next_on=None
    )
    if changed:
        repeat.refresh_from_db()


def words_of(repeat: Repeat) -> str:
    """Say the rhythm in words."""
    if repeat.rhythm == Repeat.Rhythm.VISIT:
        return f"Up to {repeat.days_before} days before each visit"
    return "Every week" if repeat.weeks == 1 else f"Every {repeat.weeks} weeks"


def rows_of(repeats: list[Repeat]) -> list[dict[str, Any]]:
    names = all_instruments()
    return [
        {
            "repeat": one,
            "name": names[one.code].name if one.code in names else one.code,
            "rhythm": words_of(one),
        }
        for one in repeats
    ]
