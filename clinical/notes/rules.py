"""Who reads and who writes which notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.permissions import Action, Resource, allows
from clinical.notes.models import Note

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
