"""Which patients somebody may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import sees_only_assigned
from clinical.patients.models import Patient

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_patients(actor: User, *, with_merged: bool = False) -> QuerySet[Patient]:
    """All of the clinic's; for a support coordinator the assigned participants only.

    Records that were merged into another are hidden unless asked for.
    """
    patients = (Patient.everyone if with_merged else Patient.objects).all()
    if sees_only_assigned(actor):
        return patients.filter(coordinator_assignments__user=actor)
    return patients
