"""Who sees which letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from clinical.letters.models import Letter

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_letters(actor: User) -> QuerySet[Letter]:
    """All of the clinic's for whoever may see letters."""
    if not allows(actor, Action.VIEW, Resource.LETTERS):
        return Letter.objects.none()
    return Letter.objects.all()


def may_write(actor: User, letter: Letter) -> bool:
    return letter.is_draft and allows(actor, Action.CHANGE, Resource.LETTERS)
