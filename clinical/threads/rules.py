"""Who may take part in a thread. Support coordinators, who are not of the clinic, never do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import TABLE, Action, Resource, allows, sees_only_assigned
from clinical.threads.models import Thread

if TYPE_CHECKING:
    from datetime import datetime

    from clinical.threads.models import Post

EDITABLE_FOR = timedelta(minutes=10)
_ROLES = tuple(
    role
    for role, grants in TABLE.items()
    if Resource.THREADS in grants and not sees_only_assigned(User(role=role))
)
"""Roles that read threads; each of them sees every patient, so none learns of one it may not see."""


def who_may_take_part() -> QuerySet[User]:
    """Answer the people who can be written to, by name."""
    people = User.objects.filter(role__in=_ROLES, is_active=True, invited_at=None)
    return people.order_by("name", "pk")


def visible_threads(actor: User) -> QuerySet[Thread]:
    """Answer what is for the whole team, and what the actor takes part in; no role reads along."""
    if actor.role not in _ROLES or not allows(actor, Action.VIEW, Resource.THREADS):
        return Thread.objects.none()
    mine = Thread.objects.filter(participants__user=actor).values("pk")
    return Thread.objects.filter(Q(is_for_team=True) | Q(pk__in=mine))


def may_edit(actor: User, post: Post, *, now: datetime) -> bool:
    """Answer whether the words are the actor's own and still fresh."""
    return post.author_id == actor.pk and not post.is_event and now - post.created_at < EDITABLE_FOR
