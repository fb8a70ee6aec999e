"""Whether a person has had a use of their information stopped: the one question of whoever sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.rights.models import Restriction

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

MARKETING, RESEARCH, REMINDERS = "marketing", "research", "reminders"


def objection(patient_id: UUID, use: str) -> str:
    """Answer why a person's information is not used for this; nothing where it may be."""
    found = Restriction.objects.filter(patient=patient_id, ended_at=None, uses__contains=[use])
    if not found.exists():
        return ""
    return f"The patient has had this stopped ({use}): see Privacy on the record."


def restricted(use: str, patient_ids: Iterable[UUID] | None = None) -> set[UUID]:
    """Answer those who have had a use stopped: all, or those among the given."""
    found = Restriction.objects.filter(ended_at=None, uses__contains=[use])
    if patient_ids is not None:
        found = found.filter(patient__in=list(patient_ids))
    return set(found.values_list("patient_id", flat=True))
