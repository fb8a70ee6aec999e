"""Writes rows in sets and remembers each as it was before and after: what undoing a run needs.

`INSERT … SELECT FROM jsonb_to_recordset`, because COPY is refused under row-level security.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import NOT_PROVIDED, GeneratedField, Model
from django.utils import timezone

from billing_integrations.invoices.models import PastInvoice
from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact, PatientContact
from clinical.documents.models import Document, ImageBatch
from clinical.letters.models import Letter
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note
from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier
from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
from clinical.search.functions import COLUMN as SEARCH_COLUMN
from onboarding.imports.models import ImportRun, RowChange
from tenants.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODELS: Mapping[str, type[Model]] = {
    "patient": Patient,
    "contact": ContactPoint,
    "address": Address,
    "identifier": PatientIdentifier,
    "relation": PatientContact,
    "appointment": Appointment,
    "location": Location,
    "practitioner": Practitioner,
    "appointment_type": AppointmentType,
    "funding_type": FundingType,
    "referrer": Contact,
    "patient_contact": PatientContact,
    "contact_point": ContactPoint,
    "note": Note,
    "letter": Letter,
    "reminder": Reminder,
    "message": Message,
    "document": Document,
    "image_batch": ImageBatch,
    "image": Document,
    "invoice": PastInvoice,
    "invoice_line": PastInvoice,
}
"""What a kind of row is kept in. Lines of invoices stand in the row of their invoice."""
CHILDREN = ("contact", "address", "identifier", "relation")
"""Rows that fields of the patient's own record make, and that come and go with it."""
VOLATILE = frozenset({"changed_at"})
"""Columns that differ without anybody having edited the row."""
_FILE = frozenset(
    "state problem file_name sha256 size media_type storage_key width height thumbnail_key scan".split()
)
_VOLATILE_OF: Mapping[str, frozenset[str]] = {
    "document": _FILE,
    "image": _FILE,
    "invoice": frozenset({"lines"}),
}
"""Columns that only the machinery writes: bringing the file, adding lines from their own table."""
DRY_NUMBERS_FROM = 9 * 10**15
"""A dry run numbers its patients up here: what it took from the series could not be given back."""

Where = tuple[int | None, int | None]
"""Table id and record id a row came from; none for what a word in a field brought about."""


@dataclass(frozen=True)
class _Update:
    """A change of one row that waits to be written with others like it."""

    kind: str
    changes: Mapping[str, Any]
    before: Mapping[str, Any]
    place: Where


class Writer:
    """Writes for one run. The caller is in the clinic's scope and in the run's transaction."""

    def __init__(self, run: ImportRun, *, dry: bool) -> None:
        self.run, self.dry = run, dry
        self.replaces = run.mode == ImportRun.Mode.REPLACE
        """In a full re-import a row is written over the one that has its id."""
        self.outcomes: dict[uuid.UUID, str] = {}
        """What an insert over existing rows came to, where it was not that they were created."""
        self._dry_number = DRY_NUMBERS_FROM
        self._updates: list[_Update] = []

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
        before: dict[uuid.UUID, dict[str, Any]] = {}
        if self.replaces and kind not in CHILDREN:
            before = self.images(kind, [row["id"] for row in rows])
            if kind == "patient":
                _keep_numbers(complete, before)
        columns = _types(model, complete[0])
        names = ", ".join(f'"{name}"' for name in columns)
        shape = ", ".join(f'"{name}" {kind_}' for name, kind_ in columns.items())
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{model._meta.db_table}" ({names}) '  # noqa: S608 - names of our models
                f"SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS row ({shape})"
                f"{_over(model, columns) if before else ''} RETURNING id",
                [_dumps(complete)],
            )
            written = {row_id for (row_id,) in cursor.fetchall()}
        for row_id in before:
            self.outcomes[row_id] = "updated" if row_id in written else "unchanged"
        kept = [n for n, row in enumerate(rows) if row["id"] in written]
        ids = [rows[n]["id"] for n in kept]
        self._remember(kind, ids, [places[n] for n in kept], RowChange.Action.CREATED)
        self._remember_before({pk: image for pk, image in before.items() if pk in written})

    def _remember_before(self, images: Mapping[uuid.UUID, Mapping[str, Any]]) -> None:
        """Keep rows that were written over as they had been."""
        if not images:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE imports_rowchange AS c SET action = %s, before = row.before "
                "FROM jsonb_to_recordset(%s::jsonb) AS row (id uuid, before jsonb) "
                "WHERE c.run_id = %s AND c.target_id = row.id AND c.action = %s",
                [
                    RowChange.Action.UPDATED,
                    _dumps([{"id": pk, "before": image} for pk, image in images.items()]),
                    self.run.pk,
                    RowChange.Action.CREATED,
                ],
            )

    def update(
        self, kind: str, before: Mapping[str, Any], columns: Mapping[str, Any], place: Where
    ) -> None:
        """Change columns of one row that stands as `before` when `write_updates` is called."""
        changes = {**columns, "id": before["id"]}
        if "changed_at" in before:
            changes["changed_at"] = timezone.now()
        self._updates.append(_Update(kind, changes, before, place))

    def write_updates(self) -> None:
        """Write the changes that wait, one statement for each set of columns, keeping rows as they were."""
        waiting, self._updates = self._updates, []
        alike: dict[tuple[str, tuple[str, ...]], list[_Update]] = {}
        for one in waiting:
            alike.setdefault((one.kind, tuple(one.changes)), []).append(one)
        for (kind, _columns), updates in alike.items():
            self._set(MODELS[kind], [one.changes for one in updates])
            ids = [uuid.UUID(one.before["id"]) for one in updates]
            after = self.images(kind, ids)
            self._remember_updates(
                kind,
                [(pk, one.before, one.place) for pk, one in zip(ids, updates, strict=True)],
                after,
            )

    @staticmethod
    def _set(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
        """Set the same columns of several rows in one statement; each row names its `id`."""
        types = _types(model, rows[0])
        settings = ", ".join(f'"{name}" = row."{name}"' for name in types if name != "id")
        shape = ", ".join(f'"{name}" {kind_}' for name, kind_ in types.items())
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE "{model._meta.db_table}" AS t SET {settings} '  # noqa: S608
                f"FROM jsonb_to_recordset(%s::jsonb) AS row ({shape}) WHERE t.id = row.id",
                [_dumps(rows)],
            )

    def _remember_updates(
        self,
        kind: str,
        rows: Sequence[tuple[uuid.UUID, Mapping[str, Any], Where]],
        after: Mapping[uuid.UUID, Mapping[str, Any]],
    ) -> None:
        RowChange.objects.bulk_create(
            RowChange(
                run=self.run,
                table_id=place[0],
                record_id=place[1],
                target_type=kind,
                target_id=row_id,
                action=RowChange.Action.UPDATED,
                before=before,
                after=after[row_id],
            )
            for row_id, before, place in rows
        )

    def update_many(
        self, kind: str, changes: Mapping[uuid.UUID, Mapping[str, Any]], place: Where
    ) -> None:
        """Change the same columns of several rows in one statement.

        Each row that this run did not make itself is remembered as it was.
        """
        if not changes:
            return
        model = MODELS[kind]
        rows = [{**columns, "id": row_id} for row_id, columns in changes.items()]
        older = self._not_of_this_run(kind, list(changes))
        before = self.images(kind, older)
        self._set(model, rows)
        after = self.images(kind, older)
        self._remember_updates(kind, [(pk, before[pk], place) for pk in older], after)

    def _not_of_this_run(self, kind: str, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        made = set(
            RowChange.objects.filter(
                run=self.run, target_type=kind, action=RowChange.Action.CREATED, target_id__in=ids
            ).values_list("target_id", flat=True)
        )
        return [row_id for row_id in ids if row_id not in made]

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

    def images(
        self, kind: str, ids: Sequence[uuid.UUID], *, lock: bool = False
    ) -> dict[uuid.UUID, dict[str, Any]]:
        return row_images(kind, ids, lock=lock)

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


_NOT_OVERWRITTEN = frozenset({"id", "number", "created_at", "merged_into_id", "is_imported"})
"""What a full re-import leaves of a row: its identity, and what people decided about the person."""


def _over(model: type[Model], columns: Mapping[str, str]) -> str:
    """Write over the row of the same id, and only where it differs."""
    ours = [name for name in columns if name not in _NOT_OVERWRITTEN]
    compared = [name for name in ours if name not in VOLATILE]
    table = model._meta.db_table
    settings = ", ".join(f'"{name}" = excluded."{name}"' for name in ours)
    old = ", ".join(f'"{table}"."{name}"' for name in compared)
    new = ", ".join(f'excluded."{name}"' for name in compared)
    return f" ON CONFLICT (id) DO UPDATE SET {settings} WHERE ({old}) IS DISTINCT FROM ({new})"


def _keep_numbers(
    rows: Sequence[dict[str, Any]], before: Mapping[uuid.UUID, Mapping[str, Any]]
) -> None:
    """Give patients the number they had, so that the series is not used up by writing them anew."""
    fresh = [row for row in rows if row["id"] not in before and "number" not in row]
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_patient_number() FROM generate_series(1, %s)", [len(fresh)])
        for row, (number,) in zip(fresh, cursor.fetchall(), strict=True):
            row["number"] = number
    for row in rows:
        if row["id"] in before:
            row["number"] = before[row["id"]]["number"]


def remembered_delete(run: ImportRun, kind: str, ids: Sequence[uuid.UUID]) -> int:
    """Delete rows, keeping each as it was; answers how many there were."""
    if not ids:
        return 0
    model = MODELS[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f'WITH gone AS (DELETE FROM "{model._meta.db_table}" AS t '  # noqa: S608 - our tables
            "WHERE t.id = ANY(%s::uuid[]) RETURNING t.*) INSERT INTO imports_rowchange "
            "(id, run_id, target_type, target_id, action, before) "
            "SELECT gen_random_uuid(), %s, %s, g.id, %s, to_jsonb(g) - %s::text[] FROM gone AS g",
            [list(ids), run.pk, kind, RowChange.Action.DELETED, list(_derived(model))],
        )
        return int(cursor.rowcount)


def row_images(
    kind: str, ids: Sequence[uuid.UUID], *, lock: bool = False
) -> dict[uuid.UUID, dict[str, Any]]:
    """Answer rows as JSON objects by id, without what the database derives.

    `lock`: wait for whoever is editing one of them, and see the edit.
    """
    model = MODELS[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, (to_jsonb(t) - %s::text[])::text "  # noqa: S608 - names of our models
            f'FROM "{model._meta.db_table}" AS t WHERE t.id = ANY(%s::uuid[]) '
            f"{'ORDER BY t.id FOR UPDATE' if lock else ''}",
            [list(_derived(model)), list(ids)],
        )
        return {row_id: json.loads(text) for row_id, text in cursor.fetchall()}


def restore_row(kind: str, image: Mapping[str, Any], *, exists: bool) -> None:
    """Put a row back as its image says."""
    if exists:
        restore_over(kind, [image])
    else:
        restore_rows(kind, [image])


def restore_over(kind: str, images: Sequence[Mapping[str, Any]]) -> None:
    """Put rows that are there back as their images say; all have the same columns."""
    if not images:
        return
    model = MODELS[kind]
    names, shape = _columns_of(model, images[0])
    settings = ", ".join(f'"{name}" = row."{name}"' for name in names if name != "id")
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{model._meta.db_table}" AS t SET {settings} '  # noqa: S608
            f"FROM jsonb_to_recordset(%s::jsonb) AS row ({shape}) WHERE t.id = row.id",
            [_dumps([dict(image) for image in images])],
        )


def restore_rows(kind: str, images: Sequence[Mapping[str, Any]]) -> None:
    """Put rows that are no longer there back as their images say; all have the same columns."""
    if not images:
        return
    model = MODELS[kind]
    known, shape = _columns_of(model, images[0])
    names = ", ".join(f'"{name}"' for name in known)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({names}) '  # noqa: S608
            f"SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS row ({shape})",
            [_dumps([dict(image) for image in images])],
        )


def _columns_of(model: type[Model], image: Mapping[str, Any]) -> tuple[list[str], str]:
    known = {field.column for field in _stored(model)}
    types = _types(model, {name: None for name in image if name in known})
    return list(types), ", ".join(f'"{name}" {kind_}' for name, kind_ in types.items())


def delete_rows(kind: str, ids: Sequence[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f'DELETE FROM "{MODELS[kind]._meta.db_table}" WHERE id = ANY(%s::uuid[])',  # noqa: S608
            [list(ids)],
        )


def volatile(kind: str) -> frozenset[str]:
    return VOLATILE | _VOLATILE_OF.get(kind, frozenset())


def differs(kind: str, image: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True where the rows differ in a column both have and that people can change."""
    columns = (image.keys() & other.keys()) - volatile(kind)
    return any(image[name] != other[name] for name in columns)


def _dumps(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False)


def _stored(model: type[Model]) -> list[Any]:
    return [f for f in model._meta.concrete_fields if not isinstance(f, GeneratedField)]


def _derived(model: type[Model]) -> set[str]:
    generated = {
        str(f.column) for f in model._meta.concrete_fields if isinstance(f, GeneratedField)
    }
    return generated | {"tenant_id", SEARCH_COLUMN}


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
