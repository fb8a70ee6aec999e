"""Writes rows in sets and remembers each as it was before and after: what undoing a run needs.

`INSERT … SELECT FROM jsonb_to_recordset`, because COPY is refused under row-level security.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import NOT_PROVIDED, GeneratedField, Model
from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier
from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
from onboarding.imports.models import RowChange
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from onboarding.imports.models import ImportRun

MODELS: Mapping[str, type[Model]] = {
    "patient": Patient,
    "contact": ContactPoint,
    "address": Address,
    "identifier": PatientIdentifier,
    "appointment": Appointment,
    "location": Location,
    "practitioner": Practitioner,
    "appointment_type": AppointmentType,
    "funding_type": FundingType,
}
CHILDREN = ("contact", "address", "identifier")
VOLATILE = frozenset({"changed_at"})
"""Columns that differ without anybody having edited the row."""
DRY_NUMBERS_FROM = 9 * 10**15
"""A dry run numbers its patients up here: what it took from the series could not be given back."""

Where = tuple[int | None, int | None]
"""Table id and record id a row came from; none for what a word in a field brought about."""


class Writer:
    """Writes for one run. The caller is in the clinic's scope and in the run's transaction."""

    def __init__(self, run: ImportRun, *, dry: bool) -> None:
        self.run, self.dry = run, dry
        self._dry_number = DRY_NUMBERS_FROM

    def insert(self, kind: str, rows: Sequence[dict[str, Any]], places: Sequence[Where]) -> None:
        """Insert rows that have an `id`; each comes from the record of the same place in `places`."""
        if not rows:
            return
        model = MODELS[kind]
        defaults = _defaults(model)
        complete = [{**defaults, **row} for row in rows]
        if kind == "patient" and self.dry:
            for row in complete:
                self._dry_number += 1
                row["number"] = self._dry_number
        columns = _types(model, complete[0])
        names = ", ".join(f'"{name}"' for name in columns)
        shape = ", ".join(f'"{name}" {kind_}' for name, kind_ in columns.items())
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{model._meta.db_table}" ({names}) '  # noqa: S608 - names of our models
                f"SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS row ({shape})",
                [_dumps(complete)],
            )
        ids = [row["id"] for row in rows]
        self._remember(kind, ids, places, RowChange.Action.CREATED)

    def update(
        self, kind: str, row_id: uuid.UUID, columns: Mapping[str, Any], place: Where
    ) -> None:
        """Change columns of one row, keeping the row as it was."""
        model = MODELS[kind]
        before = self.images(kind, [row_id])[row_id]
        changes = {**columns, **({"changed_at": timezone.now()} if "changed_at" in before else {})}
        types = _types(model, changes)
        settings = ", ".join(f'"{name}" = row."{name}"' for name in types)
        shape = ", ".join(f'"{name}" {kind_}' for name, kind_ in types.items())
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE "{model._meta.db_table}" AS t SET {settings} '  # noqa: S608
                f"FROM jsonb_to_recordset(%s::jsonb) AS row ({shape}) WHERE t.id = %s",
                [_dumps([changes]), row_id],
            )
        after = self.images(kind, [row_id])[row_id]
        RowChange.objects.create(
            run=self.run,
            table_id=place[0],
            record_id=place[1],
            target_type=kind,
            target_id=row_id,
            action=RowChange.Action.UPDATED,
            before=before,
            after=after,
        )

    def delete(self, kind: str, row_id: uuid.UUID, place: Where) -> None:
        """Delete one row that an earlier import had made."""
        before = self.images(kind, [row_id])[row_id]
        delete_rows(kind, [row_id])
        RowChange.objects.create(
            run=self.run,
            table_id=place[0],
            record_id=place[1],
            target_type=kind,
            target_id=row_id,
            action=RowChange.Action.DELETED,
            before=before,
        )

    def images(self, kind: str, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
        return row_images(kind, ids)

    def _remember(
        self, kind: str, ids: Sequence[uuid.UUID], places: Sequence[Where], action: str
    ) -> None:
        model = MODELS[kind]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO imports_rowchange "  # noqa: S608 - names of our models
                "(id, run_id, table_id, record_id, target_type, target_id, action, after) "
                "SELECT row.id, %s, row.table_id, row.record_id, %s, t.id, %s, "
                "to_jsonb(t) - %s::text[] "
                "FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bigint[]) "
                f'AS row (id, target_id, table_id, record_id) JOIN "{model._meta.db_table}" AS t '
                "ON t.id = row.target_id",
                [
                    self.run.pk,
                    kind,
                    action,
                    list(_derived(model)),
                    [uuid7() for _ in ids],
                    list(ids),
                    [table_id for table_id, _ in places],
                    [record_id for _, record_id in places],
                ],
            )


def row_images(kind: str, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Answer rows as JSON objects by id, without what the database derives."""
    model = MODELS[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, (to_jsonb(t) - %s::text[])::text "  # noqa: S608 - names of our models
            f'FROM "{model._meta.db_table}" AS t WHERE t.id = ANY(%s::uuid[])',
            [list(_derived(model)), list(ids)],
        )
        return {row_id: json.loads(text) for row_id, text in cursor.fetchall()}


def restore_row(kind: str, image: Mapping[str, Any], *, exists: bool) -> None:
    """Put a row back as its image says."""
    model = MODELS[kind]
    known = {field.column for field in _stored(model)}
    types = _types(model, {name: None for name in image if name in known})
    shape = ", ".join(f'"{name}" {kind_}' for name, kind_ in types.items())
    names = ", ".join(f'"{name}"' for name in types)
    if exists:
        settings = ", ".join(f'"{name}" = row."{name}"' for name in types if name != "id")
        statement = (
            f'UPDATE "{model._meta.db_table}" AS t SET {settings} '  # noqa: S608
            f"FROM jsonb_to_recordset(%s::jsonb) AS row ({shape}) WHERE t.id = row.id"
        )
    else:
        statement = (
            f'INSERT INTO "{model._meta.db_table}" ({names}) '  # noqa: S608
            f"SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS row ({shape})"
        )
    with connection.cursor() as cursor:
        cursor.execute(statement, [_dumps([dict(image)])])


def delete_rows(kind: str, ids: Sequence[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f'DELETE FROM "{MODELS[kind]._meta.db_table}" WHERE id = ANY(%s::uuid[])',  # noqa: S608
            [list(ids)],
        )


def differs(image: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True where the rows differ in a column both have and that people can change."""
    return any(
        image[name] != other[name] for name in image.keys() & other.keys() if name not in VOLATILE
    )


def _dumps(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False)


def _stored(model: type[Model]) -> list[Any]:
    return [f for f in model._meta.concrete_fields if not isinstance(f, GeneratedField)]


def _derived(model: type[Model]) -> set[str]:
    generated = {
        str(f.column) for f in model._meta.concrete_fields if isinstance(f, GeneratedField)
    }
    return generated | {"tenant_id"}


def _defaults(model: type[Model]) -> dict[str, Any]:
    """Answer what Django would write where nothing is given; the database's own defaults stay its."""
    now = timezone.now()
    values: dict[str, Any] = {}
    for field in _stored(model):
        if field.db_default is not NOT_PROVIDED:
            continue
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            values[field.column] = now
        else:
            values[field.column] = field.get_default()
    return values


def _types(model: type[Model], row: Mapping[str, Any]) -> dict[str, str]:
    fields = {field.column: field for field in _stored(model)}
    return {name: _plain(fields[name].db_type(connection)) for name in row}


def _plain(db_type: str) -> str:
    """A column type without the collation: a record set takes none."""
    return db_type.split(" COLLATE ", maxsplit=1)[0].split(" GENERATED ", maxsplit=1)[0]
