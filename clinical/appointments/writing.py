"""How rows of the diary are checked and written: what every verb about appointments stands on."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from clinical.appointments.changes import Change, announce, announce_status, plan_of
from clinical.appointments.errors import AppointmentChangedError, SlotTakenError, SpanError
from clinical.appointments.models import NOT_TWICE, Appointment, Status
from clinical.appointments.selectors import LONGEST, MOST_CLASHES, clashes_with
from clinical.appointments.statuses import TAKES_NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from clinical.practice.models import Practitioner


def check_span(appointment: Appointment) -> None:
    length = appointment.ends_at - appointment.starts_at
    if not timedelta() < length <= LONGEST:
        raise SpanError("An appointment takes at least a minute and at most a day.")


def check_free(wanted: Sequence[Appointment], *, may_clash: bool) -> None:
    """Raise SlotTakenError where something of another series stands in the way."""
    mine = {one.pk for one in wanted}
    found: dict[UUID, Appointment] = {}
    for one in wanted:
        found |= {clash.pk: clash for clash in clashes_with(one) if clash.pk not in mine}
    clashes = list(found.values())
    practitioner = wanted[0].practitioner if wanted and wanted[0].group_id is None else None
    is_final = (
        practitioner is not None
        and not practitioner.may_be_double_booked
        and any(clash.practitioner_id == practitioner.pk for clash in clashes)
    )
    if clashes and (is_final or not may_clash):
        raise SlotTakenError(clashes[:MOST_CLASHES], is_final=is_final)


def is_exclusive(practitioner: Practitioner | None, status: str = Status.BOOKED) -> bool:
    return (
        practitioner is not None
        and not practitioner.may_be_double_booked
        and status not in TAKES_NO_TIME
    )


@contextmanager
def kept_apart(appointment: Appointment) -> Iterator[None]:
    """Say in words what the database refused: two requests may have found the same time free."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if NOT_TWICE not in str(error):
            raise
        raise SlotTakenError(clashes_with(appointment), is_final=True) from error


def add(appointment: Appointment, *, at: datetime) -> Appointment:
    """Write a new row and tell who listens."""
    with kept_apart(appointment):
        appointment.save()
    announce([Change(appointment, None)], at)
    return appointment


def swap(appointment: Appointment, *, at: datetime, **columns: Any) -> Appointment:
    """Write the columns if the row is still the one that was read."""
    before, status = plan_of(appointment), appointment.status
    swapped = Appointment.objects.filter(
        pk=appointment.pk, changed_at=appointment.changed_at
    ).update(**columns, changed_at=at)
    if not swapped:
        raise AppointmentChangedError(
            "Somebody else has changed this appointment in the meantime. Look at it again."
        )
    for name, value in columns.items():
        setattr(appointment, name, value)
    appointment.changed_at = at
    announce([Change(appointment, before)], at)
    if appointment.status != status:
        announce_status(appointment, at)
    return appointment


def write_attendees(session: Appointment, *, at: datetime, **columns: Any) -> None:
    """Let everyone in a group session have the session's time, place and clinician."""
    attendees = list(Appointment.objects.filter(group=session).select_related("patient"))
    if not attendees:
        return
    changes = [Change(attendee, plan_of(attendee)) for attendee in attendees]
    Appointment.objects.filter(group=session).update(**columns, changed_at=at)
    for attendee in attendees:
        for name, value in columns.items():
            setattr(attendee, name, value)
        attendee.changed_at = at
    announce(changes, at)
