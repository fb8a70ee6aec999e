"""Who reads and who writes the lists: whoever reads and writes notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows

if TYPE_CHECKING:
    from accounts.models import User


def may_read(actor: User) -> bool:
    return allows(actor, Action.VIEW, Resource.NOTES)


def may_write(actor: User) -> bool:
    return allows(actor, Action.CHANGE, Resource.NOTES)
