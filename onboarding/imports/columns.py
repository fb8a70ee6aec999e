"""What became of each column: how many cells stood in it, how many are kept, and what they sum up to.

For every field of a table that is taken over: cells that are not empty in the file, in the records that
were taken over, and in the text kept with them (`ImportLink.raw`), each with an order-free checksum;
sums of number fields on both sides; and in Nexus, how many rows have the value, the first and last date
and the sum. Set-based: one pass over each table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models import Count, Max, Min, Q, Sum

from onboarding.imports.loading.plans import joining_by_hash
from onboarding.imports.loading.writing import MODELS
from onboarding.imports.mapping import KEEP, LEAVE
from onboarding.imports.models import ImportLink
from onboarding.imports.structure import label_of
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onboarding.imports.mapping import MappingSpec, TableRule
    from onboarding.imports.models import ImportSource
    from onboarding.imports.structure import Structure, TableStructure

_DIGITS = 15
_MODULUS = 2**60
_NUMBER = r"^\s*-?\d{1,15}([.,]\d{1,6})?\s*$"
_COLUMN_OF: Mapping[tuple[str, str], str] = {
    ("appointment", "date"): "starts_at",
    ("appointment", "start_time"): "starts_at",
    ("appointment", "end_time"): "ends_at",
    ("patient", "full_name"): "family_name",
    ("patient", "middle_names"): "given_names",
}
_PHONE = Q(contact_points__kind__in=["mobile", "home", "work", "other"])
_HANGING: Mapping[str, tuple[str, Q]] = {
    "mobile": ("contact_points", _PHONE),
    "home_phone": ("contact_points", _PHONE),
    "work_phone": ("contact_points", _PHONE),
    "phone": ("contact_points", _PHONE),
    "email": ("contact_points", Q(contact_points__kind="email")),
    "medicare": ("identifiers", Q(identifiers__kind="medicare")),
    "ndis": ("identifiers", Q(identifiers__kind="ndis")),
    "dva": ("identifiers", Q(identifiers__kind="dva")),
    "ihi": ("identifiers", Q(identifiers__kind="health")),
    "other_number": ("identifiers", Q(identifiers__kind="other")),
}
"""Targets of a patient that become rows of their own."""

_CELLS = """
WITH cells AS (
    SELECT split_part(cell.key, ':', 1)::int AS field_id, cell.value, l.id IS NOT NULL AS taken,
           ('x' || left(md5(s.record_id || E'\\x1f' || cell.key || E'\\x1f' || cell.value), 15))
               ::bit(60)::bigint AS digest
    FROM imports_stagedrecord AS s CROSS JOIN LATERAL jsonb_each_text(s.payload) AS cell
    LEFT JOIN imports_importlink AS l ON l.source_key = %s AND l.table_id = s.table_id
        AND l.record_id = s.record_id
    WHERE s.source_id = %s AND s.table_id = %s AND btrim(cell.value) <> '')
SELECT field_id, count(*), coalesce(sum(digest), 0), count(*) FILTER (WHERE taken),
       coalesce(sum(digest) FILTER (WHERE taken), 0),
       sum(CASE WHEN field_id = ANY(%s::int[]) AND value ~ %s
           THEN replace(btrim(value), ',', '.')::numeric END)
FROM cells GROUP BY field_id
"""
_KEPT = """
WITH cells AS (
    SELECT split_part(cell.key, ':', 1)::int AS field_id, cell.value,
           ('x' || left(md5(l.record_id || E'\\x1f' || cell.key || E'\\x1f' || cell.value), 15))
               ::bit(60)::bigint AS digest
    FROM imports_importlink AS l CROSS JOIN LATERAL jsonb_each_text(l.raw) AS cell
    WHERE l.source_key = %s AND l.table_id = %s AND btrim(cell.value) <> ''
      AND EXISTS (SELECT FROM imports_stagedrecord AS s WHERE s.source_id = %s
                  AND s.table_id = l.table_id AND s.record_id = l.record_id))
SELECT field_id, count(*), coalesce(sum(digest), 0),
       sum(CASE WHEN field_id = ANY(%s::int[]) AND value ~ %s
           THEN replace(btrim(value), ',', '.')::numeric END)
FROM cells GROUP BY field_id
"""


@dataclass
class Column:
    """One field's account. `filled` are cells in the file, `taken` those of records that are here."""

    field_id: int
    name: str
    becomes: str
    filled: int = 0
    checksum: str = ""
    taken: int = 0
    taken_checksum: str = ""
    kept: int = 0
    kept_checksum: str = ""
    sum: str = ""
    kept_sum: str = ""
    here: int | None = None
    first: str = ""
    last: str = ""
    here_sum: str = ""
    file_first: str = ""
    file_last: str = ""
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field_id,
            "name": self.name,
            "becomes": self.becomes,
            "filled": self.filled,
            "checksum": self.checksum,
            "taken": self.taken,
            "kept": self.kept,
            "kept_checksum": self.kept_checksum,
            "same": self.taken == self.kept and self.taken_checksum == self.kept_checksum,
            "sum": self.sum,
            "kept_sum": self.kept_sum,
            "here": self.here,
            "first": self.first,
            "last": self.last,
            "here_sum": self.here_sum,
            "file_first": self.file_first,
            "file_last": self.file_last,
            "notes": self.notes,
        }


def column_accounts(
    source: ImportSource, spec: MappingSpec, structure: Structure
) -> dict[int, list[dict[str, Any]]]:
    """Answer the columns of each table that is taken over, by table id, in the order of the file."""
    profiles = {table["id"]: table for table in source.profile.get("tables", ())}
    answer = {}
    for rule in spec.tables:
        table = structure.table(rule.table_id)
        if table is not None and rule.entity:
            account = _Account(source, table, rule, profiles.get(rule.table_id, {}))
            answer[rule.table_id] = [column.as_json() for column in account.columns()]
    return answer


@dataclass(frozen=True)
class _Account:
    source: ImportSource
    table: TableStructure
    rule: TableRule
    profile: Mapping[str, Any]

    def columns(self) -> list[Column]:
        columns = self._cells()
        self._add_dates(columns)
        self._add_rows(columns)
        place = {f.id: number for number, f in enumerate(self.table.fields)}
        return sorted(columns.values(), key=lambda c: place.get(c.field_id, len(place)))

    def _cells(self) -> dict[int, Column]:
        columns: dict[int, Column] = {}
        numbers = [f.id for f in self.table.fields if f.type == "number"]
        key, source, table = self.source.key, self.source.pk, self.table.id
        with joining_by_hash(), connection.cursor() as cursor:
            cursor.execute(_CELLS, [key, source, table, numbers, _NUMBER])
            for field_id, filled, digest, taken, taken_digest, total in cursor.fetchall():
                column = self._column(field_id)
                column.filled, column.checksum = filled, _hex(digest)
                column.taken, column.taken_checksum = taken, _hex(taken_digest)
                column.sum = _plain(total)
                columns[field_id] = column
            cursor.execute(_KEPT, [key, table, source, numbers, _NUMBER])
            for field_id, kept, digest, total in cursor.fetchall():
                column = columns.setdefault(field_id, self._column(field_id))
                column.kept, column.kept_checksum = kept, _hex(digest)
                column.kept_sum = _plain(total)
        return columns

    def _column(self, field_id: int) -> Column:
        becomes = ""
        rule = next((rule for rule in self.rule.fields if rule.field_id == field_id), None)
        if rule is None or rule.to == KEEP:
            becomes = "kept with the record"
        elif rule.to == LEAVE:
            becomes = "left out"
        elif target := ENTITIES[self.rule.entity].by_name.get(rule.to):
            becomes = target.label
        return Column(field_id, label_of(self.table.fields, field_id), becomes)

    def _add_dates(self, columns: Mapping[int, Column]) -> None:
        kinds = {f.id: f.type for f in self.table.fields}
        for found in self.profile.get("fields", ()):
            column = columns.get(found["id"])
            if column is not None and kinds.get(found["id"]) in {"date", "timestamp"}:
                column.file_first = found.get("least") or ""
                column.file_last = found.get("most") or ""

    def _add_rows(self, columns: Mapping[int, Column]) -> None:
        model = MODELS.get(self.rule.entity)
        if model is None:
            return
        ids = ImportLink.objects.filter(source_key=self.source.key, table_id=self.table.id)
        everybody = model._base_manager  # noqa: SLF001 - people who were merged count too
        rows = everybody.filter(pk__in=ids.values("target_id"))
        asked: dict[str, Any] = {}
        for rule in self.rule.fields:
            column = columns.get(rule.field_id)
            if column is None or rule.to in {KEEP, LEAVE}:
                continue
            if self.rule.entity == "patient" and rule.to in _HANGING:
                relation, which = _HANGING[rule.to]
                column.here = rows.filter(which).aggregate(count=Count(relation))["count"]
            else:
                asked |= self._questions(model, rule.to, rule.field_id)
        if not asked:
            return
        found = rows.aggregate(**asked)
        for name, value in found.items():
            what, _, field_id = name.partition("_of_")
            _note(columns[int(field_id)], what, value)

    def _questions(self, model: type[models.Model], target: str, field_id: int) -> dict[str, Any]:
        name = _COLUMN_OF.get((self.rule.entity, target), target)
        known = {f.name: f for f in model._meta.concrete_fields}
        asked = _questions_of(known[name]) if name in known else {}
        return {f"{what}_of_{field_id}": question for what, question in asked.items()}


def _questions_of(kind: models.Field[Any, Any]) -> dict[str, Any]:
    name = kind.name
    if isinstance(kind, models.DateField):
        return {"here": Count(name), "first": Min(name), "last": Max(name)}
    if isinstance(kind, models.BooleanField):
        return {"here": Count("pk", filter=Q(**{name: True}))}
    if isinstance(kind, models.IntegerField):
        return {"here": Count(name), "sum": Sum(name)}
    if isinstance(kind, models.CharField | models.TextField):
        return {"here": Count("pk", filter=~Q(**{name: ""}))}
    return {"here": Count(name)}


def _note(column: Column, what: str, value: Any) -> None:
    if what == "here":
        column.here = value
    elif what == "sum":
        column.here_sum = "" if value is None else str(value)
    elif value is not None:
        setattr(column, what, value.isoformat()[:10])


def _hex(total: Any) -> str:
    return f"{int(total) % _MODULUS:015x}"


def _plain(total: Any) -> str:
    return "" if total is None else f"{total.normalize():f}"


def differing(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the columns whose kept text is not that of the file, among records that are here."""
    return [column["name"] for column in columns if not column["same"]]
