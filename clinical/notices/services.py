"""The verbs about notices and the devices that are told of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from clinical.notices.delivery import EndpointError, check_endpoint
from clinical.notices.encryption import KeyMaterialError, browsers_key, browsers_secret
from clinical.notices.models import Notice, PushSubscription
from clinical.notices.tasks import push

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient

MOST_DEVICES = 10
PUSH_AFTER_SECONDS = 10
"""Whoever has the page open sees the notice there first."""
LONGEST_TEXT = 300


class SubscriptionError(ValueError):
    """The browser cannot be told of anything; the message is for a person."""


@dataclass(frozen=True)
class Told:
    """What somebody is told. `url` is a path on the clinic's host; see Notice.key."""

    key: str
    text: str
    url: str
    kind: str = Notice.Kind.OTHER
    patient: Patient | None = None


@transaction.atomic
def notify(people: Iterable[User], told: Told, *, at: datetime) -> list[Notice]:
    """Put a line under the bell of each person; answers the lines.

    One about the same thing that is still unread says the new words instead. Devices that asked for
    it are told, without a word of what it is about, if it is still unread some seconds later. Who
    may know what is the caller's to decide.
    """
    given = [person for person in dict.fromkeys(people) if person.is_active]
    if not given:
        return []
    Notice.objects.bulk_create(
        [
            Notice(
                user=person,
                kind=told.kind,
                key=told.key,
                text=told.text[:LONGEST_TEXT],
                url=told.url,
                patient=told.patient,
                created_at=at,
            )
            for person in given
        ],
        ignore_conflicts=True,
    )
    theirs = Notice.objects.filter(user__in=given, key=told.key, read_at=None)
    theirs.filter(~Q(text=told.text[:LONGEST_TEXT]) | ~Q(created_at=at)).update(
        kind=told.kind, text=told.text[:LONGEST_TEXT], url=told.url, created_at=at
    )
    notices = list(theirs)
    if settings.PUSH_KEY:
        _push(notices)
    return notices


def _push(notices: list[Notice]) -> None:
    by_user = {notice.user_id: str(notice.pk) for notice in notices}
    told = PushSubscription.objects.filter(user__in=by_user).values_list("pk", "user")
    for pk, user_id in told:
        sending = partial(
            push.apply_async, (str(pk), by_user[user_id]), countdown=PUSH_AFTER_SECONDS
        )
        transaction.on_commit(sending)


def mark_read(notice: Notice, *, at: datetime) -> None:
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=at)


def mark_all_read(*, actor: User, at: datetime) -> int:
    return Notice.objects.filter(user=actor, read_at=None).update(read_at=at)


def mark_key_read(key: str, *, actor: User, at: datetime) -> None:
    """Take the person's notice of this thing as read: they have just looked at it."""
    Notice.objects.filter(user=actor, key=key, read_at=None).update(read_at=at)


@transaction.atomic
def subscribe(
    *, actor: User, endpoint: str, public_key: str, auth_secret: str, device: str, at: datetime
) -> PushSubscription:
    """Tell this browser from now on; whoever used it before is told there no more.

    Raises SubscriptionError for an address or a key that is none, and past MOST_DEVICES.
    """
    try:
        check_endpoint(endpoint)
        browsers_key(public_key)
        browsers_secret(auth_secret)
    except (EndpointError, KeyMaterialError) as error:
        raise SubscriptionError(str(error)) from error
    others = PushSubscription.objects.filter(user=actor).exclude(endpoint=endpoint)
    if others.count() >= MOST_DEVICES:
        raise SubscriptionError(
            f"You are told on {MOST_DEVICES} devices already. Take one off the list first."
        )
    subscription, _made = PushSubscription.objects.update_or_create(
        endpoint=endpoint,
        defaults={
            "user": actor,
            "public_key": public_key,
            "auth_secret": auth_secret,
            "device": device[:120],
        },
        create_defaults={
            "user": actor,
            "public_key": public_key,
            "auth_secret": auth_secret,
            "device": device[:120],
            "created_at": at,
        },
    )
    return subscription


def unsubscribe(*, actor: User, endpoint: str = "", pk: UUID | None = None) -> int:
    """Tell one of the person's browsers no more, by its address or its id; answers how many."""
    mine = PushSubscription.objects.filter(user=actor)
    found = mine.filter(pk=pk) if pk is not None else mine.filter(endpoint=endpoint)
    return found.delete()[0]
