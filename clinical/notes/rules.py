"""Who reads and who writes which notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.permissions import Action, Resource, allows
from clinical.notes.models import Note, Supervision

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_notes(actor: User) -> QuerySet[Note]:
    """Answer what was signed, and the actor's own drafts; a draft without author is everyone's."""
    if not allows(actor, Action.VIEW, Resource.NOTES):
        return Note.objects.none()
    is_own = Q(author=actor) | Q(author=None)
    return Note.objects.filter(~Q(state=Note.State.DRAFT) | is_own)


def may_write(actor: User, note: Note) -> bool:
    """Answer whether the actor may go on with this draft."""
    is_own = note.author_id in {None, actor.pk}
    return note.is_draft and is_own and allows(actor, Action.CHANGE, Resource.NOTES)


def may_amend(actor: User, note: Note) -> bool:
    return not note.is_draft and allows(actor, Action.CHANGE, Resource.NOTES)


def notes_to_cosign(actor: User) -> QuerySet[Note]:
    """Answer what waits for the actor: not their own, and none for who is under supervision."""
    may_change = allows(actor, Action.CHANGE, Resource.NOTES)
    if not may_change or Supervision.objects.filter(user=actor).exists():
        return Note.objects.none()
    is_anybodys = Q(author=None) | Q(author__supervision=None)
    is_theirs = Q(author__supervision__supervisor=None) | Q(author__supervision__supervisor=actor)
    waiting = Note.objects.filter(cosign=Note.Cosign.WAITING)
    return waiting.filter(is_anybodys | is_theirs).exclude(author=actor)


def may_cosign(actor: User, note: Note) -> bool:
    is_waiting = note.cosign == Note.Cosign.WAITING
    return is_waiting and notes_to_cosign(actor).filter(pk=note.pk).exists()
