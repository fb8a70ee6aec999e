"""The list of patients, in pages: read from the summaries, so that every order has its index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.permissions import sees_only_assigned
from clinical.patients.filters import BY_NAME, Order, PatientFilter
from clinical.patients.list_models import PatientSummary
from clinical.patients.rules import visible_patients
from clinical.patients.selectors import rows_of
from clinical.patients.summaries import refresh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

PAGE_SIZE = 50
EXPORTED_AT_ONCE = 1000


@dataclass(frozen=True)
class PatientPage:
    """One page in the chosen order; ids, not names, lead to the neighbours."""

    patients: Sequence[Patient]
    total: int
    before: UUID | None
    after: UUID | None


def list_patients(
    actor: User,
    wanted: PatientFilter,
    *,
    order: Order = BY_NAME,
    after: UUID | None = None,
    before: UUID | None = None,
    size: int = PAGE_SIZE,
) -> PatientPage:
    """Answer the page that begins after, or ends before, the given patient."""
    refresh()
    summaries = wanted.applied_to_summaries(_visible(actor))
    total = summaries.count()
    backwards = before is not None
    edge_id = before or after
    edge = _visible(actor).filter(pk=edge_id).first() if edge_id else None
    found = _ids(summaries, order, edge, backwards=backwards, most=size + 1)
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    has_previous = more if backwards else edge is not None
    has_next = edge is not None if backwards else more
    return PatientPage(
        _read(actor, found),
        total,
        before=found[0] if found and has_previous else None,
        after=found[-1] if found and has_next else None,
    )


def walk_patients(actor: User, wanted: PatientFilter, *, order: Order) -> Iterator[list[Patient]]:
    """Answer all of the list, in parts."""
    edge = None
    while True:
        summaries = wanted.applied_to_summaries(_visible(actor))
        found = _ids(summaries, order, edge, backwards=False, most=EXPORTED_AT_ONCE)
        if not found:
            return
        yield _read(actor, found)
        edge = PatientSummary.objects.filter(pk=found[-1]).first()
        if edge is None or len(found) < EXPORTED_AT_ONCE:
            return


def count_patients(actor: User, wanted: PatientFilter) -> int:
    return wanted.applied_to_summaries(_visible(actor)).count()


def _visible(actor: User) -> QuerySet[PatientSummary]:
    summaries = PatientSummary.objects.filter(is_listed=True)
    if sees_only_assigned(actor):
        return summaries.filter(patient__in=visible_patients(actor))
    return summaries


def _ids(
    summaries: QuerySet[PatientSummary],
    order: Order,
    edge: PatientSummary | None,
    *,
    backwards: bool,
    most: int,
) -> list[UUID]:
    """Answer the next ids beyond the edge: first those with a value, then by name those without."""
    parts = [(order, Q(**{f"{order.column}__isnull": False}) if order.may_be_empty else Q())]
    if order.may_be_empty:
        parts.append((BY_NAME, Q(**{f"{order.column}__isnull": True})))
    is_empty = edge is not None and getattr(edge, order.column) is None
    if backwards:
        parts = parts[::-1] if is_empty or edge is None else parts[:1]
    elif is_empty:
        parts = parts[1:]
    found: list[UUID] = []
    for place, (by, condition) in enumerate(parts):
        rows = summaries.filter(condition)
        if edge is not None and place == 0:
            rows = rows.filter(_beyond(by, edge, backwards=backwards))
        sign = "-" if by.is_descending != backwards else ""
        rows = rows.order_by(f"{sign}{by.column}", f"{sign}patient_id")
        found += rows.values_list("patient_id", flat=True)[: most - len(found)]
        if len(found) == most:
            break
    return found


def _beyond(by: Order, edge: PatientSummary, *, backwards: bool) -> Q:
    """Answer what stands after the edge; the first condition is the one an index can use."""
    step = "lt" if by.is_descending != backwards else "gt"
    value = getattr(edge, by.column)
    return Q(**{f"{by.column}__{step}e": value}) & (
        Q(**{f"{by.column}__{step}": value}) | Q(**{f"patient_id__{step}": edge.pk})
    )


def _read(actor: User, ids: Sequence[UUID]) -> list[Patient]:
    """Read the patients with what a line of the list shows, in the order of the ids."""
    rows = rows_of(visible_patients(actor)).filter(pk__in=ids)
    by_id = {patient.pk: patient for patient in rows}
    return [by_id[pk] for pk in ids if pk in by_id]
