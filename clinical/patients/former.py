"""Finding people by what their old FileMaker records said in fields that have no place here.

Each table that keeps such fields (`extra`) has a search function of its own, made by
`functions.former_search`; a test fails for a table without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connections
from django.db.models import ForeignKey, JSONField

from accounts.permissions import Action, Resource, allows
from clinical.patients.models import Patient
from clinical.patients.rules import visible_patients
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import Model

    from accounts.models import User

MIN_LETTERS = 3
"""A trigram index knows nothing shorter."""
MOST_WORDS = 6
MAX_ROWS = 100
AROUND = 60
_RESOURCES = {
    "patients": Resource.PATIENTS,
    "appointments": Resource.APPOINTMENTS,
    "contacts": Resource.CONTACTS,
    "notes": Resource.NOTES,
    "letters": Resource.LETTERS,
    "clinic_messages": Resource.MESSAGES,
    "documents": Resource.DOCUMENTS,
    "invoices": Resource.INVOICES,
}
"""App → what somebody must be allowed to view to find anything by its tables."""


@dataclass(frozen=True)
class FormerTable:
    """A table that keeps fields of the old system for people."""

    table: str
    label: str
    resource: Resource


@dataclass(frozen=True)
class FormerHit:
    """A field of the old system in which the words stand. `around` is the value near them."""

    patient: Patient
    source: str
    label: str
    around: str


@cache
def former_tables() -> tuple[FormerTable, ...]:
    return tuple(
        FormerTable(
            model._meta.db_table,
            str(model._meta.verbose_name),
            _RESOURCES[model._meta.app_label],
        )
        for model in models_with_former_fields()
        if model._meta.app_label in _RESOURCES
    )


def models_with_former_fields() -> list[type[Model]]:
    """Answer the models that keep old fields of a person."""
    return [model for model in apps.get_models() if _keeps_fields(model) and _has_patient(model)]


def _keeps_fields(model: type[Model]) -> bool:
    try:
        return isinstance(model._meta.get_field("extra"), JSONField)
    except FieldDoesNotExist:
        return False


def _has_patient(model: type[Model]) -> bool:
    if model is Patient:
        return True
    try:
        field = model._meta.get_field("patient")
    except FieldDoesNotExist:
        return False
    return isinstance(field, ForeignKey) and field.related_model is Patient


def search_former_fields(
    actor: User, text: str, *, with_archived: bool = False, limit: int = MAX_ROWS
) -> list[FormerHit]:
    """Answer the fields in which all the words stand, of people whom the actor may see.

    Only in kinds of records that the actor may view. Needs one word of MIN_LETTERS letters.
    """
    words = text.replace("\x00", "").split()[:MOST_WORDS]
    if not any(len(word) >= MIN_LETTERS for word in words):
        return []
    found = [
        (table, row)
        for table in former_tables()
        if allows(actor, Action.VIEW, table.resource)
        for row in _found_in(table, words, limit)
    ]
    people = _people(actor, {person for _table, (person, _label, _value) in found}, with_archived)
    hits = {
        FormerHit(people[person], table.label, label, _around(value, words)): None
        for table, (person, label, value) in found
        if person in people
    }
    return sorted(hits, key=lambda hit: (hit.patient.sort_name, hit.source, hit.label))[:limit]


def _found_in(table: FormerTable, words: Sequence[str], limit: int) -> list[tuple[UUID, str, str]]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            f"SELECT person, label, value FROM search_former_{table.table}(%s, %s)",  # noqa: S608 - a table of our models
            [list(words), limit],
        )
        return list(cursor.fetchall())


def _people(actor: User, ids: set[UUID], with_archived: bool) -> dict[UUID, Patient]:
    """Answer who they are, a merged record's as the one that goes on."""
    records = visible_patients(actor, with_merged=True).filter(pk__in=ids)
    goes_on = dict(records.values_list("pk", "merged_into_id"))
    wanted = {merged or pk for pk, merged in goes_on.items()}
    visible = visible_patients(actor).filter(pk__in=wanted).select_related("location")
    if not with_archived:
        visible = visible.filter(is_archived=False)
    by_id = {patient.pk: patient for patient in visible}
    return {pk: by_id[merged or pk] for pk, merged in goes_on.items() if (merged or pk) in by_id}


def _around(value: str, words: Sequence[str]) -> str:
    """Cut a long value to what stands near the first word found in it."""
    value = " ".join(value.split())
    places = [value.lower().find(word.lower()) for word in words]
    place = min((place for place in places if place >= 0), default=0)
    start, end = max(0, place - AROUND), place + 2 * AROUND
    cut = value[start:end]
    return f"{'…' if start else ''}{cut}{'…' if end < len(value) else ''}"
