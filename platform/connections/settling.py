"""How an entry of the outbox ends or goes back. Each runs in a transaction of the clinic."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from connections.models import OutboxEntry
from connections.outbox import Answer, kind_of
from ports.outcomes import DeliveryError, RefusedError, UnclearError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

log = logging.getLogger(__name__)

State = OutboxEntry.State
MOST_ATTEMPTS = 12
GIVEN_UP_AFTER = timedelta(days=3)
"""A vendor may be down for a day or two without anything being given up."""
LONGEST_WORDS = 1000
_OPEN = (State.SENDING, State.UNCLEAR, State.WAITING)

LOST = (
    "The sending was broken off. It may have been done: look at the vendor's, then say here whether "
    "it was."
)
TOO_LATE = "It could not be sent in time, and later it would be of no use."


def settle(entry: OutboxEntry, answer: Answer, *, at: datetime) -> bool:
    """Write down what a vendor answered; False where the entry is another worker's by now."""
    held = OutboxEntry.objects.select_for_update().filter(
        pk=entry.pk, state__in=_OPEN, attempts=entry.attempts
    )
    found = held.first()
    if found is None:
        return False
    found.vendor_id, found.answer = answer.vendor_id, answer.kept
    found.claimed_at = None
    try:
        with transaction.atomic():
            kind_of(found).handler.settle(found, answer)
    except Exception as error:
        # The vendor has it: nothing may send it again.
        log.exception("an answer of kind %s could not be written down", found.kind)
        found.state = State.UNCLEAR
        found.problem = (
            f"It was delivered, but what follows could not be written down. {words_for(error)} "
            "Say that it was done to try that once more."
        )
    else:
        found.state, found.sent_at, found.problem = State.SENT, at, ""
    found.save()
    return found.state == State.SENT


def fail(entry: OutboxEntry, error: DeliveryError, *, at: datetime) -> bool:
    """Mark an entry as refused or unclear, and let its handler write down what follows."""
    held = OutboxEntry.objects.select_for_update().filter(
        pk=entry.pk, state__in=[State.SENDING, State.WAITING]
    )
    found = held.first()
    if found is None or found.attempts != entry.attempts:
        return False
    found.state = State.UNCLEAR if isinstance(error, UnclearError) else State.FAILED
    found.problem, found.claimed_at, found.changed_at = error.words[:LONGEST_WORDS], None, at
    found.save()
    try:
        with transaction.atomic():
            kind_of(found).handler.failed(found, error)
    except Exception:
        log.exception("a failure of kind %s could not be written down", found.kind)
    return True


def put_back(pk: UUID, words: str, *, at: datetime, after: float, counts: bool = True) -> None:
    """Let an entry wait again; `counts`: whether this was an attempt."""
    held = OutboxEntry.objects.filter(pk=pk, state__in=[State.SENDING, State.WAITING])
    held.update(
        state=State.WAITING,
        problem=words[:LONGEST_WORDS],
        claimed_at=None,
        not_before=at + timedelta(seconds=after),
        changed_at=at,
        **({} if counts else {"attempts": Greatest(F("attempts") - 1, 0)}),
    )


def cancel(pk: UUID, words: str, *, at: datetime) -> bool:
    """Mark an entry as no longer wanted, unless it has been done."""
    held = OutboxEntry.objects.filter(pk=pk).exclude(state__in=[State.SENT, State.CANCELLED])
    return bool(
        held.update(
            state=State.CANCELLED, problem=words[:LONGEST_WORDS], claimed_at=None, changed_at=at
        )
    )


def is_given_up(entry: OutboxEntry, *, at: datetime) -> bool:
    """Answer whether an entry has been tried often and long enough."""
    return entry.attempts >= MOST_ATTEMPTS and entry.created_at < at - GIVEN_UP_AFTER


def give_up_late(at: datetime) -> int:
    """Give up what is of no use any more; answers how many."""
    late = OutboxEntry.objects.select_for_update(skip_locked=True).filter(
        state=State.WAITING, not_after__lt=at
    )
    return sum(fail(entry, RefusedError(TOO_LATE), at=at) for entry in late)


def take_up_lost(entry: OutboxEntry, *, at: datetime) -> bool:
    """Let an entry whose worker died wait again where that does no harm, else ask a person."""
    try:
        repeats = kind_of(entry).repeats
    except KeyError:
        return False
    if repeats:
        put_back(entry.pk, "The sending was broken off; it is tried again.", at=at, after=0.0)
        return True
    return fail(entry, UnclearError(LOST), at=at)


def words_for(error: Exception) -> str:
    """Put an error into words without what it may quote."""
    if isinstance(error, DeliveryError):
        return error.words
    return f"Something went wrong on our side ({type(error).__name__}); the operators are told."
