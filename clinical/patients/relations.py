"""What refers to a patient, found in the models: what a merge moves, and the few that stay.

A table that is added tomorrow is moved tomorrow. What names a patient without a foreign key says so
with `also_refers`, from its app's `ready()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, UniqueConstraint

from clinical.patients.models import Patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

STAYS = {
    ("patients_duplicatecandidate", "first_id"): "which two records were compared",
    ("patients_duplicatecandidate", "second_id"): "which two records were compared",
    ("mv_patient_summary", "patient_id"): "made by the database, for each of the two",
    ("patients_patientmerge", "winner_id"): "which record went into which",
    ("patients_patientmerge", "loser_id"): "which record went into which",
}
"""Columns that go on naming the record they named, and what they say by it."""

_SAME_NUMBER = (
    "w.kind = l.kind AND coalesce(nullif(w.normalised, ''), w.value) = "
    "coalesce(nullif(l.normalised, ''), l.value) AND l.label IN ('', w.label)"
)
SAME = {
    "patients_contactpoint": _SAME_NUMBER,
    "patients_patientidentifier": _SAME_NUMBER,
    "patients_address": (
        "(w.kind, lower(w.lines), lower(w.suburb), lower(w.state), w.postcode, lower(w.country)) = "
        "(l.kind, lower(l.lines), lower(l.suburb), lower(l.state), l.postcode, lower(l.country))"
    ),
}
"""When a row `l` of the one record says what a row `w` of the other says already: it is not doubled."""


@dataclass(frozen=True)
class Reference:
    """A column that names a patient; `kind` narrows it to the rows of a kind that do."""

    table: str
    column: str
    key: str
    key_type: str
    label: str
    plural: str
    kind_column: str = ""
    kind: str = ""
    unique: tuple[tuple[str, ...], ...] = ()
    """Other columns of each unconditional unique constraint that the column is part of."""

    @property
    def is_repeated(self) -> str:
        """The SQL condition under which row `l` would only repeat row `w`; '' where none ever does."""
        same = [SAME[self.table]] if self.table in SAME else []
        same += [
            " AND ".join(f'w."{name}" = l."{name}"' for name in columns) or "true"
            for columns in self.unique
        ]
        return " OR ".join(f"({condition})" for condition in same)


_more: list[Reference] = []


def also_refers(model: type[Model], column: str, *, kind_column: str, kind: str) -> None:
    """Say that a column names patients by their id, without a foreign key, in the rows of a kind."""
    found = _reference(model, column)
    _more.append(Reference(**{**vars(found), "kind_column": kind_column, "kind": kind}))


def references() -> list[Reference]:
    """Answer every column that a merge moves to the surviving record."""
    found = [ref for ref in _foreign_keys() if (ref.table, ref.column) not in STAYS]
    return sorted([*found, *_more], key=lambda ref: (ref.table, ref.column))


def reference(table: str, column: str) -> Reference | None:
    """Answer the column by name; None where the code knows it no more."""
    return next((r for r in references() if (r.table, r.column) == (table, column)), None)


@cache
def _foreign_keys() -> tuple[Reference, ...]:
    return tuple(
        _reference(model, str(field.column))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, ForeignKey) and field.related_model is Patient
    )


def _reference(model: type[Model], column: str) -> Reference:
    meta = model._meta
    return Reference(
        table=meta.db_table,
        column=column,
        key=str(meta.pk.column),
        key_type=str(meta.pk.rel_db_type(connection)),
        label=str(meta.verbose_name),
        plural=str(meta.verbose_name_plural),
        unique=tuple(_unique_with(model, column)),
    )


def _unique_with(model: type[Model], column: str) -> Iterator[tuple[str, ...]]:
    def others(names: Any) -> tuple[str, ...] | None:
        fields: list[Any] = [model._meta.get_field(name) for name in names]
        columns = tuple(str(field.column) for field in fields)
        return tuple(c for c in columns if c != column) if column in columns else None

    sets: list[Any] = [
        *(
            constraint.fields
            for constraint in model._meta.constraints
            if isinstance(constraint, UniqueConstraint) and constraint.condition is None
        ),
        *model._meta.unique_together,
        *([field.name] for field in model._meta.local_concrete_fields if field.unique),
    ]
    for names in sets:
        rest = others(names)
        if rest is not None:
            yield rest
