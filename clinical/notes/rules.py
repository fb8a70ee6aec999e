"""Who reads and who writes which notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, Q

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


def waits_for(actor: User) -> Q:
    """Say which notes wait for the actor's co-sign: not their own, none for who is supervised."""
    is_supervised = Exists(Supervision.objects.filter(user=actor))
    is_anybodys = Q(author=None) | Q(author__supervision=None)
    is_theirs = Q(author__supervision__supervisor=None) | Q(author__supervision__supervisor=actor)
    is_anothers = Q(author=None) | ~Q(author=actor)
    return Q(~is_supervised, is_anybodys | is_theirs, is_anothers, cosign=Note.Cosign.WAITING)


def notes_to_cosign(actor: User) -> QuerySet[Note]:
    if not allows(actor, Action.CHANGE, Resource.NOTES):
        return Note.objects.none()
    return Note.objects.filter(waits_for(actor))


def may_cosign(actor: User, note: Note) -> bool:
    is_waiting = note.cosign == Note.Cosign.WAITING
    return is_waiting and notes_to_cosign(actor).filter(pk=note.pk).exists()
