"""Who may: asked by every verb, so that the browser and the API meet the same refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from accounts.permissions import Action, Resource, allows

if TYPE_CHECKING:
    from accounts.models import User


def require(actor: User, action: Action, resource: Resource) -> None:
    """Raise PermissionDenied where the table of roles does not allow it."""
    if not allows(actor, action, resource):
        raise PermissionDenied(f"{resource}.{action}")
