"""Who reads results, who files them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from clinical.pathology.models import ResultReport

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def may_read(actor: User) -> bool:
    return allows(actor, Action.VIEW, Resource.RESULTS)


def may_review(actor: User) -> bool:
    """Seeing what a result says and changing its state, together."""
    return may_read(actor) and allows(actor, Action.CHANGE, Resource.RESULTS)


def visible_reports(actor: User) -> QuerySet[ResultReport]:
    """All of the clinic's, or none at all."""
    return ResultReport.objects.all() if may_read(actor) else ResultReport.objects.none()
