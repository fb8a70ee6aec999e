"""What a list of patients is narrowed to, and in which order it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from clinical.patients.list_models import PatientSummary
    from clinical.patients.models import Patient


@dataclass(frozen=True)
class PatientFilter:
    """What the list is narrowed to; None and False narrow nothing. Days are included."""

    location_id: UUID | None = None
    funding_type_id: UUID | None = None
    without_location: bool = False
    with_archived: bool = False
    only_archived: bool = False
    seen_by: UUID | None = None
    """The clinician of the last visit."""
    next_with: UUID | None = None
    without_next: bool = False
    plan_from: date | None = None
    plan_until: date | None = None

    @property
    def narrows(self) -> bool:
        """True where it leaves out more than the archived."""
        return self != PatientFilter(with_archived=self.with_archived)

    def applied_to(self, patients: QuerySet[Patient]) -> QuerySet[Patient]:
        return patients.filter(self._conditions("summary__"))

    def applied_to_summaries(self, summaries: QuerySet[PatientSummary]) -> QuerySet[PatientSummary]:
        return summaries.filter(self._conditions(""))

    def _conditions(self, visits: str) -> Q:
        """Answer the conditions; patients and their summaries call the rest by the same names."""
        asked = {
            "location_id": self.location_id,
            "funding_type_id": self.funding_type_id,
            "plan_end__gte": self.plan_from,
            "plan_end__lte": self.plan_until,
            f"{visits}last_practitioner_id": self.seen_by,
            f"{visits}next_practitioner_id": self.next_with,
        }
        found = Q(**{name: value for name, value in asked.items() if value is not None})
        if self.without_location:
            found &= Q(location_id=None)
        if self.without_next:
            found &= Q(**{f"{visits}next_visit_at": None})
        if self.only_archived:
            return found & Q(is_archived=True)
        return found if self.with_archived else found & Q(is_archived=False)


@dataclass(frozen=True)
class Order:
    """A column of the summary to sort by; who has nothing in it comes last, by name."""

    column: str
    label: str
    is_descending: bool = False
    may_be_empty: bool = True


ORDERS = {
    "name": Order("sort_name", "Name", may_be_empty=False),
    "next": Order("next_visit_at", "Next visit"),
    "last": Order("last_visit_at", "Last visit", is_descending=True),
    "plan": Order("plan_end", "Plan end"),
}
BY_NAME = ORDERS["name"]
