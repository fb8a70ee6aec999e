"""Questions about threads and tasks. Each takes the actor and answers only what they may read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Case, Count, F, Min, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Left
from django.http import Http404
from django.utils import timezone

from clinical.threads.mentions import Piece, pieces
from clinical.threads.models import Attachment, Participant, Post, Thread
from clinical.threads.rules import may_edit, visible_threads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

PAGE_SIZE = 40
MOST_POSTS = 300
MOST_COUNTED = 99
EXCERPT = 200


class Show(StrEnum):
    """What the inbox shows."""

    ALL = "all"
    UNREAD = "unread"
    TEAM = "team"
    MINE = "mine"
    GIVEN = "given"
    TASKS = "tasks"
    DONE = "done"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Show.ALL: "All messages",
    Show.UNREAD: "Unread",
    Show.TEAM: "Whole team",
    Show.MINE: "My tasks",
    Show.GIVEN: "Given by me",
    Show.TASKS: "All tasks",
    Show.DONE: "Done",
}
_BY_DUE = {Show.MINE, Show.GIVEN, Show.TASKS}


def _narrowing(show: Show, actor: User) -> Q:
    is_open = Q(task=Thread.Task.OPEN)
    return {
        Show.ALL: Q(),
        Show.UNREAD: Q(unread_since__isnull=False),
        Show.TEAM: Q(is_for_team=True),
        Show.MINE: is_open & Q(assignee=actor),
        Show.GIVEN: is_open & Q(author=actor) & ~Q(assignee=actor),
        Show.TASKS: is_open,
        Show.DONE: Q(task=Thread.Task.DONE),
    }[show]


@dataclass(frozen=True)
class ThreadPage:
    threads: Sequence[Thread]
    more: bool


@dataclass(frozen=True)
class ShownPost:
    """A post as its thread shows it."""

    post: Post
    pieces: Sequence[Piece]
    is_new: bool
    is_editable: bool


def unread_of(actor: User) -> QuerySet[Participant]:
    """Answer a row for each thread that holds something new."""
    return Participant.objects.filter(user=actor, unread_since__isnull=False)


def count_unread(actor: User) -> int:
    """Answer how many threads hold something new; past MOST_COUNTED nobody counts."""
    return unread_of(actor).order_by()[: MOST_COUNTED + 1].count()


def list_threads(actor: User, show: Show, *, page: int = 1, text: str = "") -> ThreadPage:
    """Answer a page: what was written last first, tasks by when they are due."""
    found = _rows(actor).filter(_narrowing(show, actor))
    for word in text.split()[:6]:
        found = found.filter(
            Q(subject__icontains=word)
            | Q(patient__search_name__contains=f" {word.lower()}")
            | Q(pk__in=Post.objects.filter(body__icontains=word).values("thread"))
        )
    if show in _BY_DUE:
        found = found.order_by(F("due_on").asc(nulls_last=True), "priority", "-last_post_at", "-id")
    start = (page - 1) * PAGE_SIZE
    rows = list(found[start : start + PAGE_SIZE + 1])
    return ThreadPage(rows[:PAGE_SIZE], len(rows) > PAGE_SIZE)


def threads_about(actor: User, patient: Patient) -> list[Thread]:
    """Answer the patient's threads that the actor may read; open tasks first."""
    is_open = Case(When(task=Thread.Task.OPEN, then=Value(0)), default=Value(1))
    found = _rows(actor).filter(patient=patient)
    return list(found.order_by(is_open, "-last_post_at", "-id")[:100])


def open_tasks_about(actor: User, patient: Patient) -> tuple[int, date | None]:
    """Answer how many open tasks about the patient the actor may read, and the first day due."""
    found = visible_threads(actor).filter(patient=patient, task=Thread.Task.OPEN).order_by()
    said = found.aggregate(count=Count("pk"), first=Min("due_on"))
    return said["count"], said["first"]


def get_thread(actor: User, pk: UUID) -> Thread:
    """Answer a thread that the actor may read; raises Http404."""
    found = _rows(actor).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such message.")
    return found


def get_post(actor: User, pk: UUID) -> Post:
    found = (
        Post.objects.filter(pk=pk, thread__in=visible_threads(actor))
        .select_related("thread", "thread__patient")
        .first()
    )
    if found is None:
        raise Http404("There is no such message.")
    return found


def get_attachment(actor: User, pk: UUID) -> Attachment:
    found = (
        Attachment.objects.filter(pk=pk, post__thread__in=visible_threads(actor))
        .select_related("post__thread")
        .first()
    )
    if found is None:
        raise Http404("There is no such file.")
    return found


def people_in(thread: Thread) -> list[User]:
    rows = thread.participants.select_related("user").order_by("user__name", "user__pk")
    return [row.user for row in rows]


def posts_of(actor: User, thread: Thread, *, now: datetime | None = None) -> list[ShownPost]:
    """Answer what was written, oldest first; of a very long thread the latest part."""
    now = now or timezone.now()
    unread_since = (
        thread.participants.filter(user=actor).values_list("unread_since", flat=True).first()
    )
    latest = (
        thread.posts.select_related("author")
        .prefetch_related("attachments", "mentions")
        .order_by("-created_at", "-id")[:MOST_POSTS]
    )
    return [
        ShownPost(
            post,
            pieces(post.body, [person.name for person in post.mentions.all()]),
            is_new=bool(
                unread_since and post.created_at >= unread_since and post.author_id != actor.pk
            ),
            is_editable=may_edit(actor, post, now=now),
        )
        for post in reversed(latest)
    ]


def _rows(actor: User) -> QuerySet[Thread]:
    """Read with each thread what a line of a list shows."""
    mine = Participant.objects.filter(thread=OuterRef("pk"), user=actor)
    written = Post.objects.filter(thread=OuterRef("pk"), is_event=False).order_by("-created_at")
    people = Participant.objects.select_related("user").order_by("user__name", "user__pk")
    return (
        visible_threads(actor)
        .select_related("patient", "assignee", "author")
        .annotate(
            unread_since=Subquery(mine.values("unread_since")[:1]),
            excerpt=Subquery(written.values(short=Left("body", EXCERPT))[:1]),
            last_author=Subquery(written.values("author_name")[:1]),
            post_count=Subquery(
                Post.objects.filter(thread=OuterRef("pk"), is_event=False)
                .order_by()
                .values("thread")
                .annotate(count=Count("pk"))
                .values("count")
            ),
        )
        .order_by("-last_post_at", "-id")
        .prefetch_related(Prefetch("participants", queryset=people))
    )
