"""Who may do what to whom among the people of a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import User
from accounts.permissions import Action, Resource, allows

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = User.Role


class AccountError(Exception):
    """Something about a person's account cannot be done; the message says why, to a person."""


class NotYourRoleError(AccountError):
    """The actor's role does not reach that far."""


class LastOwnerError(AccountError):
    """A clinic must keep an owner who can sign in."""


class OwnAccountError(AccountError):
    """Nobody does this to themselves."""


def roles_open_to(actor: User) -> Sequence[User.Role]:
    """Answer the roles the actor may give: owners are made by owners, operators by operators."""
    if not allows(actor, Action.CHANGE, Resource.STAFF):
        return ()
    if actor.role == Role.OPERATOR:
        return (Role.OPERATOR,)
    clinic = tuple(role for role in Role if role != Role.OPERATOR)
    return clinic if actor.role == Role.OWNER else clinic[1:]


def may_manage(actor: User, user: User) -> bool:
    """Answer whether the actor may change this person's role, access or second factor."""
    return user.role in roles_open_to(actor)


def check_may_manage(actor: User | None, user: User, *, role: str | None = None) -> None:
    """Raise NotYourRoleError unless the actor may manage the person (and give the role).

    No actor is the platform itself: sign-up, the demo, a command on the server.
    """
    if actor is None:
        return
    if not may_manage(actor, user) or (role is not None and role not in roles_open_to(actor)):
        raise NotYourRoleError(
            "Your role does not allow this. Owners can be changed by owners only; ask one of them."
        )
