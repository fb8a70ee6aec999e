"""Which recalls somebody may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Reach, Resource, reach_of, sees_only_assigned
from clinical.recalls.models import Recall

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_recalls(actor: User) -> QuerySet[Recall]:
    """All of the clinic's, or none at all."""
    may = reach_of(actor, Action.VIEW, Resource.RECALLS) is Reach.ALL
    return Recall.objects.all() if may and not sees_only_assigned(actor) else Recall.objects.none()
