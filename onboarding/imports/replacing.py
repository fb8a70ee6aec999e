"""Phase 2: a full re-import loads everything anew, in place of what an earlier import had brought.

It all happens in the run's one transaction, behind locks that let others read. Rows keep their ids by
the FileMaker record they came from, so links, stored files and decisions about people still fit:

- `clear` forgets which record had become which row, takes away the phones, addresses and numbers an
  import had brought, and what was made by hand where the clinic wants that;
- the load writes each record over the row it had become before, edits included, or as a new row;
- what people have made of imported records since, and a file cannot know, is brought up as in any other
  run and never replaced: a note that was amended, a person two records were merged into;
- `sweep` takes away the rows whose records are no longer in the file, unless something needs them.

Documents, images and their batches are neither removed nor uploaded again: those that have lost their
patient are linked anew. Every row touched is kept as it was (`RowChange`): undoing brings it back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import connection

from clinical.notes.models import Note
from onboarding.imports.loading.merged_people import people_made_of_two
from onboarding.imports.loading.writing import CHILDREN, MODELS, remembered_delete, restore_row
from onboarding.imports.models import ImportLink, ImportRun, RowChange
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from django.db.models import Model

    from onboarding.imports.loading.writing import Writer

KEPT_KINDS = frozenset(
    {"location", "practitioner", "appointment_type", "funding_type", "referrer", "document",
     "image", "image_batch"}
)  # fmt: skip
"""Brought up to date like in any other run: configuration, the address book, and what has files."""
FILES = ("document", "image_batch")
PATIENT = "patient"
LISTED = 50


def replaced_kinds() -> list[str]:
    """Answer the kinds a full re-import replaces, those that others refer to last."""
    kinds = [kind for kind in MODELS if kind not in KEPT_KINDS and kind not in CHILDREN]
    return sorted(kinds, key=lambda kind: (kind == PATIENT, kind == "appointment"))


@dataclass(frozen=True)
class ByHand:
    """What of one kind did not come from the file: made in Nexus, or brought by another import."""

    kind: str
    count: int
    elsewhere: int


def made_by_hand(source_key: str) -> list[ByHand]:
    """Count what a full re-import of this file would keep or remove, as the clinic decides."""
    found = []
    for kind in reversed(_one_of_each_table()):
        ids = _not_from(source_key, kind)
        other = ImportLink.objects.filter(target_id__in=ids).count() if ids else 0
        if ids:
            found.append(ByHand(kind, len(ids) - other, other))
    return found


def edited_here(source_key: str) -> int:
    """Count imported rows that people have changed since: a full re-import takes the file's again."""
    total, staying = 0, made_of_records_here()
    for kind in replaced_kinds():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM (SELECT DISTINCT ON (c.target_id) c.target_id, c.after "  # noqa: S608
                "FROM imports_rowchange AS c JOIN imports_importlink AS l "
                "ON l.target_id = c.target_id AND l.source_key = %s AND l.target_type = %s "
                "WHERE c.after IS NOT NULL AND c.target_type = %s AND c.target_id <> ALL (%s) "
                "ORDER BY c.target_id, c.id DESC) AS loaded "
                f'JOIN "{_table(kind)}" AS t ON t.id = loaded.target_id '
                "WHERE to_jsonb(t) - 'changed_at' @> (loaded.after - 'changed_at') IS FALSE",
                [source_key, kind, kind, staying.get(kind, [])],
            )
            total += cursor.fetchone()[0]
    return total


def made_of_records_here() -> dict[str, list[uuid.UUID]]:
    """Answer the rows, by kind, that hold what people have made of imported records."""
    amended = Note.objects.filter(is_imported=True, version__gt=0)
    return {
        PATIENT: list(people_made_of_two()),
        "note": list(amended.values_list("pk", flat=True)),
    }


class Replacement:
    """One full re-import: the caller is in the run's transaction and calls clear, loads, sweeps."""

    def __init__(self, run: ImportRun, writer: Writer) -> None:
        self.run, self.writer, self.key = run, writer, run.source.key
        self.cleared: Counter[str] = Counter()
        self.removed_by_hand: Counter[str] = Counter()
        self.gone: Counter[str] = Counter()
        self.needed: list[dict[str, str]] = []

    def clear(self) -> int:
        """Make room; answers how many rows are to be replaced or were removed."""
        self._close_tables()
        if self.run.by_hand == ImportRun.ByHand.REMOVE:
            for kind in _one_of_each_table():
                self._remove_by_hand(kind)
        for kind in CHILDREN:
            there = MODELS[kind]._default_manager.filter(patient_id__in=self._made_here[PATIENT])
            staying = set(there.values_list("pk", flat=True))
            going = [row_id for row_id in self._brought(kind) if row_id not in staying]
            self.cleared[kind] += remembered_delete(self.run, kind, going)
        self._forget_links()
        self._look_again_at_files()
        return sum(self.cleared.values()) + sum(self.removed_by_hand.values())

    def _close_tables(self) -> None:
        """Let nobody else write these tables until the run has ended; reading goes on."""
        names = ", ".join(f'"{_table(kind)}"' for kind in [*replaced_kinds(), *CHILDREN])
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")

    def _brought(self, kind: str) -> list[uuid.UUID]:
        """Answer the rows of a kind that hangs on patients which imports of this file had made."""
        there = MODELS[kind]._default_manager
        made = RowChange.objects.filter(
            target_type=kind, action=RowChange.Action.CREATED, run__source__key=self.key
        )
        return list(there.filter(pk__in=made.values("target_id")).values_list("pk", flat=True))

    def _remove_by_hand(self, kind: str) -> None:
        ids = _not_from(self.key, kind)
        going = self._unneeded(kind, ids)
        self.removed_by_hand[kind] += remembered_delete(self.run, kind, going)

    def _forget_links(self) -> None:
        """Take the links of what is replaced away; their images say which id a record had."""
        with connection.cursor() as cursor:
            for kind in replaced_kinds():
                cursor.execute(
                    "WITH gone AS (DELETE FROM imports_importlink AS l "
                    "WHERE l.source_key = %s AND l.target_type = %s "
                    "AND l.target_id <> ALL (%s) RETURNING l.*) "
                    "INSERT INTO imports_rowchange "
                    "(id, run_id, table_id, record_id, target_type, target_id, action, before) "
                    "SELECT gen_random_uuid(), %s, g.table_id, g.record_id, 'link', g.id, %s, "
                    "to_jsonb(g) - 'tenant_id' FROM gone AS g",
                    [
                        self.key,
                        kind,
                        self._made_here.get(kind, []),
                        self.run.pk,
                        RowChange.Action.DELETED,
                    ],
                )
                self.cleared[kind] += cursor.rowcount

    @cached_property
    def _made_here(self) -> dict[str, list[uuid.UUID]]:
        return made_of_records_here()

    def _look_again_at_files(self) -> None:
        """Let documents and batches without a patient be read anew: theirs may be there now."""
        with connection.cursor() as cursor:
            for kind in FILES:
                if kind not in MODELS:
                    continue
                cursor.execute(
                    "UPDATE imports_importlink AS l SET rule_hash = '' "  # noqa: S608 - our tables
                    f'FROM "{_table(kind)}" AS t WHERE t.id = l.target_id '
                    "AND t.patient_id IS NULL AND l.source_key = %s",
                    [self.key],
                )

    def ids_of(self, table_id: int, record_ids: Sequence[int]) -> dict[int, uuid.UUID]:
        """Answer the ids that records of one table had before, by record."""
        changes = RowChange.objects.filter(
            run=self.run,
            table_id=table_id,
            record_id__in=record_ids,
            target_type="link",
            action=RowChange.Action.DELETED,
        ).order_by("id")
        return {
            change.record_id: uuid_of(change.before["target_id"])
            for change in changes
            if change.record_id is not None and change.before is not None
        }

    # ── after the load ────────────────────────────────────────────────────────────────────────────

    def sweep(self) -> None:
        """Take away what is no longer in the file; keep, and name, what something still needs."""
        for kind in replaced_kinds():
            stale = self._stale(kind)
            going = self._unneeded(kind, stale)
            self.gone[kind] += remembered_delete(self.run, kind, going)
            staying = set(stale) - set(going)
            if staying:
                self._keep(kind, staying)
        self._follow_merges()

    def _stale(self, kind: str) -> list[uuid.UUID]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT t.id FROM imports_rowchange AS c "  # noqa: S608 - our tables
                f"JOIN \"{_table(kind)}\" AS t ON t.id = (c.before ->> 'target_id')::uuid "
                "WHERE c.run_id = %s AND c.target_type = 'link' AND c.action = %s "
                "AND c.before ->> 'target_type' = %s AND NOT EXISTS (SELECT FROM "
                "imports_importlink AS l WHERE l.target_id = t.id)",
                [self.run.pk, RowChange.Action.DELETED, kind],
            )
            return [row_id for (row_id,) in cursor.fetchall()]

    def _keep(self, kind: str, ids: set[uuid.UUID]) -> None:
        """Put back what `clear` had taken from rows that stay: their links, and what hung on them."""
        self.needed += [{"kind": kind, "id": str(row_id)} for row_id in sorted(ids)][:LISTED]
        changes = RowChange.objects.filter(run=self.run, action=RowChange.Action.DELETED)
        restore_links(self.run, list(ids))
        links = changes.filter(
            target_type="link", before__target_id__in=[str(row_id) for row_id in ids]
        )
        links.delete()
        if kind != "patient":
            return
        for child in CHILDREN:
            rows = changes.filter(
                target_type=child, before__patient_id__in=[str(row_id) for row_id in ids]
            )
            for change in rows:
                restore_row(child, change.before or {}, exists=False)
            rows.delete()

    def _follow_merges(self) -> None:
        """What belongs to a record that was merged into another belongs to the one that goes on."""
        with connection.cursor() as cursor:
            for kind in replaced_kinds():
                if not _has_column(MODELS[kind], "patient_id"):
                    continue
                cursor.execute(
                    f'WITH moved AS (UPDATE "{_table(kind)}" AS t '  # noqa: S608 - our tables
                    "SET patient_id = p.merged_into_id FROM patients_patient AS p "
                    "WHERE t.patient_id = p.id AND p.merged_into_id IS NOT NULL AND EXISTS ("
                    "SELECT FROM imports_importlink AS l WHERE l.target_id = t.id AND l.run_id = %s) "
                    "RETURNING t.id, t.patient_id) "
                    "UPDATE imports_rowchange AS c SET "
                    "after = jsonb_set(c.after, '{patient_id}', to_jsonb(moved.patient_id)) "
                    "FROM moved WHERE c.run_id = %s AND c.target_id = moved.id "
                    "AND c.after IS NOT NULL",
                    [self.run.pk, self.run.pk],
                )

    def _unneeded(self, kind: str, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Answer those of the rows that nothing refers to any more."""
        needed: set[uuid.UUID] = set()
        for relation in MODELS[kind]._meta.related_objects:
            model = relation.related_model
            if isinstance(model, str) or not getattr(relation.field, "db_constraint", True):
                continue
            column = relation.field.attname
            everybody = model._base_manager  # noqa: SLF001 - people who were merged count too
            found = everybody.filter(**{f"{column}__in": list(ids)})
            if child := _child_of(model):
                found = found.exclude(pk__in=self._brought(child))
            needed.update(found.values_list(column, flat=True))
        return [row_id for row_id in ids if row_id not in needed]

    def as_json(self) -> dict[str, Any]:
        return {
            "replaced": dict(self.cleared),
            "removed_by_hand": dict(self.removed_by_hand),
            "no_longer_in_file": {kind: count for kind, count in self.gone.items() if count},
            "kept_because_needed": self.needed,
            "by_hand": self.run.by_hand,
        }


def restore_links(run: ImportRun, target_ids: Sequence[uuid.UUID] | None = None) -> None:
    """Put links back that the run took away, where no other has taken their place since."""
    names = ", ".join(_LINK)
    found = ", ".join(f"link.{name}" for name in _LINK)
    shape = ", ".join(f"{name} {kind}" for name, kind in _LINK.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO imports_importlink ({names}) SELECT {found} "  # noqa: S608 - constants
            "FROM imports_rowchange AS c, "
            f"jsonb_to_record(c.before) AS link ({shape}) "
            "WHERE c.run_id = %s AND c.target_type = 'link' AND c.action = %s "
            "AND (%s::uuid[] IS NULL OR link.target_id = ANY(%s::uuid[])) ON CONFLICT DO NOTHING",
            [
                run.pk,
                RowChange.Action.DELETED,
                *(2 * [list(target_ids) if target_ids is not None else None]),
            ],
        )


_LINK = {
    "id": "uuid",
    "source_key": "text",
    "table_id": "integer",
    "record_id": "bigint",
    "target_type": "text",
    "target_id": "uuid",
    "payload_hash": "text",
    "rule_hash": "text",
    "modification_count": "bigint",
    "raw": "jsonb",
    "run_id": "uuid",
}


def _not_from(source_key: str, kind: str) -> list[uuid.UUID]:
    """Answer the rows of a kind that no import of this file has brought."""
    rows = MODELS[kind]._base_manager.all()  # noqa: SLF001 - people who were merged count too
    alike = [other for other in MODELS if MODELS[other] is MODELS[kind]]
    linked = ImportLink.objects.filter(source_key=source_key, target_type__in=alike)
    hanging = RowChange.objects.filter(
        target_type__in=[other for other in alike if other in CHILDREN],
        action=RowChange.Action.CREATED,
        run__source__key=source_key,
    )
    own = rows.exclude(pk__in=linked.values("target_id"))
    if kind == PATIENT:
        own = own.filter(merged_into=None)
    return list(own.exclude(pk__in=hanging.values("target_id")).values_list("pk", flat=True))


def _one_of_each_table() -> list[str]:
    """Answer one kind for each table, what others refer to last: several kinds share a table."""
    kinds = {MODELS[kind]: kind for kind in reversed([*CHILDREN, *replaced_kinds()])}
    return list(reversed(kinds.values()))


def _child_of(model: type[Model]) -> str:
    return next((kind for kind in CHILDREN if MODELS[kind] is model), "")


def _table(kind: str) -> str:
    return MODELS[kind]._meta.db_table


def _has_column(model: type[Model], column: str) -> bool:
    return any(field.column == column for field in model._meta.concrete_fields)


def uuid_of(text: str) -> uuid.UUID:
    return type(uuid7())(text)
