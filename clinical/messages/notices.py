"""Telling patients of their visits by e-mail, three minutes after the last change.

`note_changes` hears of every change in the diary and keeps, for each visit, what its patient knows.
When a notice is due, what is to be said follows from the visit as it then stands: a change that was
taken back says nothing. A mail is claimed in a short transaction before it goes out, all of a patient's
due notices in one, so that two workers never send the same and a series is one mail. Where a worker
dies in between, nobody knows whether it went out: it is shown as not told, and a person decides.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.appointments.changes import Plan, plan_of
from clinical.messages.models import Message, NoticeSettings, PatientNotice
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.appointments.changes import Change
    from clinical.appointments.models import Appointment

Kind, State = PatientNotice.Kind, PatientNotice.State
DELAY = timedelta(minutes=3)
RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
"""Pauses after mails that the server did not take; after the last one a person decides."""
LOST_AFTER = timedelta(minutes=15)
UNKNOWN = (
    "The sending was broken off: it may have arrived. Ask the patient before it is sent again."
)


class NoticeError(ValueError):
    """What was asked for cannot be done to the notice; the message is for a person."""


def current_settings() -> NoticeSettings:
    """Answer the clinic's settings; off where nobody has set any."""
    return NoticeSettings.objects.first() or NoticeSettings()


@transaction.atomic
def change_settings(
    *, actor: User, is_on: bool, reply_to: str = "", phone: str = ""
) -> NoticeSettings:
    """Switch the mails on or off, and say where patients answer."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    kept, _ = NoticeSettings.objects.update_or_create(
        only=True, defaults={"is_on": is_on, "reply_to": reply_to, "phone": phone.strip()}
    )
    return kept


def note_changes(changes: Sequence[Change], at: datetime) -> None:
    """Keep what the patients will have to be told, in the change's own transaction."""
    if not current_settings().is_on:
        return
    ids = [change.appointment.pk for change in changes]
    untold = {
        notice.appointment_id: notice
        for notice in PatientNotice.objects.select_for_update()
        .filter(appointment__in=ids, state__in=[State.WAITING, State.FAILED])
        .order_by("due_at")
    }
    new = []
    for change in changes:
        notice = untold.get(change.appointment.pk)
        if notice is None:
            fresh = _first_notice(change, at)
            new += [fresh] if fresh else []
        else:
            _note_again(notice, change.appointment, at)
    PatientNotice.objects.bulk_create(new)


def _first_notice(change: Change, at: datetime) -> PatientNotice | None:
    kind = kind_of(change.before, plan_of(change.appointment), now=at)
    patient_id = change.appointment.patient_id
    if kind is None or patient_id is None:
        return None
    return PatientNotice(
        patient_id=patient_id,
        appointment=change.appointment,
        kind=kind,
        known_starts_at=change.before.starts_at if change.before else None,
        known_location_id=change.before.location_id if change.before else None,
        due_at=at + DELAY,
    )


def _note_again(notice: PatientNotice, appointment: Appointment, at: datetime) -> None:
    """Wait from the later change on; one that was taken back needs no telling."""
    kind = kind_of(known_plan(notice), plan_of(appointment), now=at)
    if kind is None:
        notice.state = State.DROPPED
    else:
        notice.kind, notice.due_at, notice.state = kind, at + DELAY, State.WAITING
        notice.attempts, notice.problem = 0, ""
    notice.save()


def known_plan(notice: PatientNotice) -> Plan | None:
    """Answer what the patient knows of the visit."""
    if notice.known_starts_at is None:
        return None
    return Plan(notice.known_starts_at, notice.known_location_id)


def kind_of(known: Plan | None, plan: Plan | None, *, now: datetime) -> str | None:
    """Answer what has to be said: nothing of what is over, nor of what the patient knows."""
    known_ahead = known is not None and known.starts_at > now
    planned_ahead = plan is not None and plan.starts_at > now
    if known == plan or not (known_ahead or planned_ahead):
        return None
    if known is None:
        return Kind.BOOKED
    return Kind.CANCELLED if plan is None else Kind.MOVED


def due_patients(now: datetime) -> list[UUID]:
    """Answer whose notices are due, longest due first."""
    due = PatientNotice.objects.filter(state=State.WAITING, due_at__lte=now)
    return list(dict.fromkeys(due.order_by("due_at").values_list("patient_id", flat=True)))


@transaction.atomic
def give_up_lost(now: datetime) -> int:
    """Show as not told what a worker took and never finished; answers how many."""
    lost = PatientNotice.objects.filter(state=State.SENDING, changed_at__lt=now - LOST_AFTER)
    messages = list(lost.values_list("message_id", flat=True))
    Message.objects.filter(pk__in=messages, state=Message.State.QUEUED).update(
        state=Message.State.FAILED, changed_at=now
    )
    return lost.update(state=State.FAILED, problem=UNKNOWN, changed_at=now)


@transaction.atomic
def note_sent(message_id: UUID, *, at: datetime) -> None:
    """Remember that the mail server has taken the mail."""
    Message.objects.filter(pk=message_id).update(
        state=Message.State.SENT, sent_at=at, changed_at=at
    )
    PatientNotice.objects.filter(message=message_id, state=State.SENDING).update(
        state=State.SENT, problem="", changed_at=at
    )


@transaction.atomic
def note_failed(
    message_id: UUID, *, at: datetime, problem: str, is_final: bool, is_unclear: bool = False
) -> None:
    """Remember that the mail was not sent, and try again after a while unless it is final.

    `is_unclear`: it may have been sent all the same, as `problem` says; such a one is final.
    """
    state = Message.State.UNCLEAR if is_unclear else Message.State.FAILED
    Message.objects.filter(pk=message_id).update(state=state, sent_at=at, changed_at=at)
    for notice in PatientNotice.objects.filter(message=message_id, state=State.SENDING):
        tried = notice.attempts
        gives_up = is_final or tried >= len(RETRY_AFTER) or _is_superseded(notice)
        notice.state = State.FAILED if gives_up else State.WAITING
        notice.attempts, notice.problem = tried + 1, problem
        notice.due_at = at if gives_up else at + RETRY_AFTER[tried]
        notice.save()


def _is_superseded(notice: PatientNotice) -> bool:
    """Answer whether a later change waits to be told already: there is one waiting row a visit."""
    waiting = PatientNotice.objects.filter(appointment=notice.appointment_id, state=State.WAITING)
    if not waiting.exists():
        return False
    # The later row thinks this mail was read: what the patient really knows goes over to it.
    waiting.update(
        known_starts_at=notice.known_starts_at, known_location_id=notice.known_location_id
    )
    return True


@transaction.atomic
def drop(notice: PatientNotice, *, actor: User, at: datetime) -> None:
    """Leave the patient untold: somebody has called them, or will."""
    require(actor, Action.CHANGE, Resource.MESSAGES)
    open_ = PatientNotice.objects.filter(pk=notice.pk, state__in=[State.WAITING, State.FAILED])
    if not open_.update(state=State.DROPPED, problem="", changed_at=at):
        raise NoticeError("This has been told, or is on its way already.")


@transaction.atomic
def tell_again(notice: PatientNotice, *, actor: User, at: datetime) -> None:
    """Try once more what could not be told."""
    require(actor, Action.CHANGE, Resource.MESSAGES)
    failed = PatientNotice.objects.filter(pk=notice.pk, state=State.FAILED)
    if PatientNotice.objects.filter(
        appointment=notice.appointment_id, state=State.WAITING
    ).exists():
        raise NoticeError("A newer change of this visit is about to be told.")
    if not failed.update(
        state=State.WAITING, due_at=at, attempts=0, problem="",
        changed_at=at,
    ):  # fmt: skip
        raise NoticeError("This has been told, or is on its way already.")


def open_notices(patient_id: UUID) -> list[PatientNotice]:
    """Answer what the patient is about to be told, and what could not be."""
    found = PatientNotice.objects.filter(
        patient=patient_id, state__in=[State.WAITING, State.SENDING, State.FAILED]
    )
    return list(found.select_related("appointment", "appointment__location"))
