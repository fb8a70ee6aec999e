"""Who reads and who writes which plans: whoever reads and writes notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from clinical.plans.models import Plan

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_plans(actor: User) -> QuerySet[Plan]:
    """All of the clinic's, or none at all."""
    if not allows(actor, Action.VIEW, Resource.NOTES):
        return Plan.objects.none()
    return Plan.objects.all()


def may_write(actor: User, plan: Plan) -> bool:
    return not plan.is_closed and allows(actor, Action.CHANGE, Resource.NOTES)
