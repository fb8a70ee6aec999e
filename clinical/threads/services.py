"""The verbs about threads and tasks. Who changed which row is recorded by the tables' triggers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.notices.services import Told, mark_key_read, notify
from clinical.practice.rules import require
from clinical.threads.attaching import AttachmentError, attach
from clinical.threads.mentions import mentioned
from clinical.threads.models import Attachment, Participant, Post, Thread
from clinical.threads.rules import EDITABLE_FOR, may_edit, visible_threads, who_may_take_part
from clinical.threads.tasks import scan_attachment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

    from django.core.files.uploadedfile import UploadedFile

    from accounts.models import User
    from clinical.patients.models import Patient

LONGEST_SUBJECT, LONGEST_BODY = 150, 10_000


class ThreadError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


class NotAllowedToReadError(ThreadError):
    """Somebody named may not see what the thread is about."""


class TooLateToEditError(ThreadError):
    """The words are somebody else's, or no longer fresh."""


class TaskError(ThreadError):
    """The task is not in the state that the step needs."""


@dataclass(frozen=True)
class TaskTerms:
    """Who does it, until when, how urgent it is."""

    assignee: User | None
    due_on: date | None = None
    priority: int = Thread.Priority.NORMAL


@transaction.atomic
def open_thread(
    *,
    actor: User,
    at: datetime,
    subject: str,
    body: str,
    patient: Patient | None = None,
    people: Iterable[User] = (),
    for_team: bool = False,
    task: TaskTerms | None = None,
    files: Sequence[UploadedFile[Any]] = (),
) -> Thread:
    """Begin a thread with some people or with the whole team; with `task` it is something to do.

    Raises NotAllowedToReadError for people who may not take part, ThreadError where it is for nobody.
    """
    require(actor, Action.CREATE, Resource.THREADS)
    named = {*people, *((task.assignee,) if task and task.assignee else ())}
    _check_people(named)
    meant = mentioned(body, who_may_take_part())
    if not for_team and not (named | set(meant)) - {actor} and task is None:
        raise ThreadError("Choose who should read it: some people, or the whole team.")
    thread = Thread.objects.create(
        patient=patient,
        subject=subject.strip()[:LONGEST_SUBJECT],
        is_for_team=for_team,
        author=actor,
        created_at=at,
        last_post_at=at,
        **({} if task is None else _columns(task)),
    )
    _add_participants(thread, {actor, *named})
    _write(thread, actor=actor, at=at, body=body, meant=meant, files=files)
    return thread


@transaction.atomic
def add_post(
    thread: Thread,
    *,
    actor: User,
    at: datetime,
    body: str,
    files: Sequence[UploadedFile[Any]] = (),
) -> Post:
    """Write into a thread; whoever is mentioned takes part from now on."""
    _require_part(actor, thread)
    meant = mentioned(body, who_may_take_part())
    return _write(thread, actor=actor, at=at, body=body, meant=meant, files=files)


@transaction.atomic
def edit_post(post: Post, *, actor: User, at: datetime, body: str) -> Post:
    """Change one's own words while they are fresh; readers see that they were changed."""
    _require_part(actor, post.thread)
    if not may_edit(actor, post, now=at):
        minutes = EDITABLE_FOR.seconds // 60
        raise TooLateToEditError(
            f"A message can be changed by whoever wrote it, for {minutes} minutes. Write another."
        )
    if body.strip() == post.body:
        return post
    post.body, post.edited_at = body.strip()[:LONGEST_BODY], at
    post.save(update_fields=["body", "edited_at"])
    meant = mentioned(post.body, who_may_take_part())
    fresh = set(meant) - set(post.mentions.all())
    post.mentions.set(meant)
    _add_participants(post.thread, fresh)
    if told := fresh - {actor}:
        _mark_unread_for(post.thread, told, at=at)
        _tell(post.thread, told, at=at, kind="mention", text=_mentions_you(actor, post.thread))
    return post


@transaction.atomic
def set_task(thread: Thread, terms: TaskTerms, *, actor: User, at: datetime) -> Thread:
    """Make a thread a task, or change who does it, until when and how urgent it is."""
    _require_part(actor, thread)
    _check_people({terms.assignee} if terms.assignee else set())
    if thread.task == Thread.Task.DONE:
        raise TaskError("This task is done. Reopen it first.")
    before = (thread.task, thread.assignee_id, thread.due_on)
    for name, value in _columns(terms).items():
        setattr(thread, name, value)
    thread.save(update_fields=["task", "assignee", "due_on", "priority"])
    if before == (thread.task, thread.assignee_id, thread.due_on):
        return thread
    whom = terms.assignee.name if terms.assignee else "nobody yet"
    due = f", due {terms.due_on:%-d %B %Y}" if terms.due_on else ""
    _note(thread, f"gave the task to {whom}{due}", actor=actor, at=at)
    if terms.assignee:
        _add_participants(thread, {terms.assignee})
    if terms.assignee and terms.assignee != actor and before[1] != terms.assignee.pk:
        _mark_unread_for(thread, {terms.assignee}, at=at)
        _tell(thread, {terms.assignee}, at=at, kind="task", text=_gives_you(actor, thread))
    return thread


@transaction.atomic
def finish_task(thread: Thread, *, actor: User, at: datetime) -> Thread:
    """Mark a task done; whoever gave it hears of it."""
    _require_part(actor, thread)
    done = Thread.objects.filter(pk=thread.pk, task=Thread.Task.OPEN).update(
        task=Thread.Task.DONE, done_at=at, done_by=actor.name
    )
    if not done:
        raise TaskError("This task is done already.")
    thread.refresh_from_db()
    _note(thread, "marked it done", actor=actor, at=at)
    text = f"{actor.name} has done “{thread.subject}”"
    _tell(thread, {thread.author} - {actor, None}, at=at, kind="task", text=text)
    return thread


@transaction.atomic
def reopen_task(thread: Thread, *, actor: User, at: datetime) -> Thread:
    """Take a task up again; whoever does it hears of it."""
    _require_part(actor, thread)
    opened = Thread.objects.filter(pk=thread.pk, task=Thread.Task.DONE).update(
        task=Thread.Task.OPEN, done_at=None, done_by=""
    )
    if not opened:
        raise TaskError("This task is open already.")
    thread.refresh_from_db()
    _note(thread, "reopened it", actor=actor, at=at)
    text = f"{actor.name} has reopened “{thread.subject}”"
    _tell(thread, {thread.assignee} - {actor, None}, at=at, kind="task", text=text)
    return thread


@transaction.atomic
def drop_task(thread: Thread, *, actor: User, at: datetime) -> Thread:
    """Make a task a plain conversation again."""
    _require_part(actor, thread)
    thread.task, thread.assignee, thread.due_on = Thread.Task.NONE, None, None
    thread.priority, thread.done_at, thread.done_by = Thread.Priority.NORMAL, None, ""
    thread.save(update_fields=["task", "assignee", "due_on", "priority", "done_at", "done_by"])
    _note(thread, "said it is no task any more", actor=actor, at=at)
    return thread


@transaction.atomic
def add_people(thread: Thread, people: Collection[User], *, actor: User, at: datetime) -> None:
    """Let more people read a thread, all of it; they hear of it."""
    _require_part(actor, thread)
    _check_people(set(people))
    there = set(thread.participants.values_list("user", flat=True))
    fresh = [person for person in people if person.pk not in there]
    if not fresh:
        return
    _add_participants(thread, fresh)
    _note(thread, f"added {', '.join(person.name for person in fresh)}", actor=actor, at=at)
    _mark_unread_for(thread, set(fresh) - {actor}, at=at)
    text = f"{actor.name} added you to “{thread.subject}”"
    _tell(thread, set(fresh) - {actor}, at=at, kind="message", text=text)


@transaction.atomic
def leave(thread: Thread, *, actor: User, at: datetime) -> None:
    """Take no part any more. Whoever has the task to do gives it to somebody else first."""
    if thread.task == Thread.Task.OPEN and thread.assignee_id == actor.pk:
        raise TaskError("The task is yours. Give it to somebody else first, or mark it done.")
    _note(thread, "left", actor=actor, at=at)
    thread.participants.filter(user=actor).delete()
    mark_key_read(_key(thread), actor=actor, at=at)


def record_reading(thread: Thread) -> None:
    """Put on record that the actor of the scope read a thread about a patient."""
    if thread.patient_id:
        record(
            "view",
            object_type=Thread._meta.db_table,
            object_id=str(thread.pk),
            subject_id=str(thread.patient_id),
        )


def record_download(attachment: Attachment) -> None:
    """Put on record that the actor of the scope took a file along."""
    record(
        "export",
        object_type=Attachment._meta.db_table,
        object_id=str(attachment.pk),
        subject_id=str(attachment.post.thread.patient_id or ""),
    )


def mark_read(thread: Thread, *, actor: User, at: datetime) -> None:
    Participant.objects.filter(thread=thread, user=actor, unread_since__isnull=False).update(
        unread_since=None
    )
    mark_key_read(_key(thread), actor=actor, at=at)


def mark_unread(thread: Thread, *, actor: User, at: datetime) -> None:
    """Put a thread back among what is new; of the last post at least."""
    last = thread.posts.filter(is_event=False).order_by("-created_at").first()
    Participant.objects.update_or_create(
        thread=thread, user=actor, defaults={"unread_since": last.created_at if last else at}
    )


def _write(
    thread: Thread,
    *,
    actor: User,
    at: datetime,
    body: str,
    meant: list[User],
    files: Sequence[UploadedFile[Any]],
) -> Post:
    if not body.strip() and not files:
        raise ThreadError("Write something, or add a file.")
    post = Post.objects.create(
        thread=thread,
        author=actor,
        author_name=actor.name,
        body=body.strip()[:LONGEST_BODY],
        created_at=at,
    )
    try:
        kept = attach(post, files, at=at)
    except AttachmentError as error:
        raise ThreadError(str(error)) from error
    for one in kept:
        if one.scan == Attachment.Scan.PENDING:
            transaction.on_commit(partial(scan_attachment.delay, str(one.pk)))
    post.mentions.set(meant)
    Thread.objects.filter(pk=thread.pk).update(last_post_at=at)
    thread.last_post_at = at
    _add_participants(thread, {actor, *meant, *(who_may_take_part() if thread.is_for_team else ())})
    readers = {row.user for row in thread.participants.select_related("user")} - {actor}
    _mark_unread_for(thread, readers, at=at)
    _tell_of(post, readers, meant=set(meant), actor=actor, at=at)
    return post


def _tell_of(
    post: Post, readers: set[User], *, meant: set[User], actor: User, at: datetime
) -> None:
    thread = post.thread
    given = {thread.assignee} & readers if _is_first(post) and thread.assignee else set()
    named = (meant & readers) - given
    _tell(thread, given, at=at, kind="task", text=_gives_you(actor, thread))
    _tell(thread, named, at=at, kind="mention", text=_mentions_you(actor, thread))
    text = f"{actor.name}: {thread.subject}"
    _tell(thread, readers - given - named, at=at, kind="message", text=text)


def _is_first(post: Post) -> bool:
    return post.created_at == post.thread.created_at


def _mentions_you(actor: User, thread: Thread) -> str:
    return f"{actor.name} mentioned you in “{thread.subject}”"


def _gives_you(actor: User, thread: Thread) -> str:
    return f"{actor.name} gave you a task: “{thread.subject}”"


def _tell(
    thread: Thread, people: Iterable[User | None], *, at: datetime, kind: str, text: str
) -> None:
    url = reverse("threads:detail", urlconf=settings.CLINIC_URLCONF, kwargs={"pk": thread.pk})
    told = Told(key=_key(thread), text=text, url=url, kind=kind, patient=thread.patient)
    notify([person for person in people if person is not None], told, at=at)


def _key(thread: Thread) -> str:
    return f"thread:{thread.pk}"


def _note(thread: Thread, words: str, *, actor: User, at: datetime) -> None:
    """Leave a line in the thread about what was done to it."""
    Post.objects.create(
        thread=thread, author=actor, author_name=actor.name, body=words, is_event=True,
        created_at=at,
    )  # fmt: skip


def _add_participants(thread: Thread, people: Iterable[User]) -> None:
    Participant.objects.bulk_create(
        [Participant(thread=thread, user=person) for person in people], ignore_conflicts=True
    )


def _mark_unread_for(thread: Thread, people: Collection[User], *, at: datetime) -> None:
    thread.participants.filter(user__in=people, unread_since=None).update(unread_since=at)


def _columns(terms: TaskTerms) -> dict[str, object]:
    return {
        "task": Thread.Task.OPEN,
        "assignee": terms.assignee,
        "due_on": terms.due_on,
        "priority": terms.priority,
    }


def _check_people(people: set[User]) -> None:
    """Raise NotAllowedToReadError where somebody may not read what the team writes."""
    welcome = set(who_may_take_part().filter(pk__in=[person.pk for person in people]))
    if strange := sorted(person.name for person in people - welcome):
        raise NotAllowedToReadError(
            f"{', '.join(strange)} cannot read the team's messages. Choose somebody else."
        )


def _require_part(actor: User, thread: Thread) -> None:
    require(actor, Action.CREATE, Resource.THREADS)
    if not visible_threads(actor).filter(pk=thread.pk).exists():
        raise NotAllowedToReadError("You do not take part in this.")
