"""Erasing: rows, what was kept of them in the trail, files; person by person, on again after a crash.

Runs as the schema's owner inside the clinic's wall. For each person three stretches, each safe to repeat:
the rows and the line of the register in one transaction; the trail's payloads in small ones; the files,
and a look through everything for words that still stand somewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from audit.services import record
from clinical.documents.leftovers import path_of
from clinical.documents.models import Upload
from clinical.patients.models import ContactPoint, Patient, PatientIdentifier
from clinical.rights import erasure
from clinical.rights.catalogue import PATIENTS, read_catalogue
from clinical.rights.checks import verdict_on
from clinical.rights.erasure import Person
from clinical.rights.finding import all_records_of, rows_about, tables_about
from clinical.rights.models import Destruction, ErasedRow, Erasure
from clinical.rights.policy import policy_of
from tenants.jobs import JobError
from tenants.scope import Actor, current_scope, tenant_scope
from tenants.storage import clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clinical.rights.catalogue import Table
    from tenants.jobs import Work
    from tenants.models import Tenant

OWNER = "owner"
AT_ONCE = 500
SHORTEST_WORD = 5
FILE_COLUMNS = ("storage_key", "thumbnail_key")
NOT_SEARCHED = frozenset(
    {"audit_event", "audit_seal", "rights_destruction", "rights_erasedrow", "django_migrations"}
)
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
State = Erasure.State


def erase_people(work: Work) -> None:
    """Do what an approved erasure asks for; the job's one step."""
    tenant = work.tenant
    order = _approved(tenant, UUID(work.params["erasure"]))
    actor = Actor(id=order.decided_by_id, label=order.decided_by)
    total = len(order.people) + order.done
    for person_id in list(order.people):
        work.progress(order.done, total)
        with tenant_scope(tenant, using=OWNER, actor=actor):
            is_erased = _erase_rows(tenant, order, person_id)
        if is_erased:
            _erase_history(tenant, order, person_id, actor, work)
            _finish_person(tenant, order, person_id, actor)
        with tenant_scope(tenant, using=OWNER, actor=actor):
            order = Erasure.objects.select_for_update().get(pk=order.pk)
            order.people = [pk for pk in order.people if pk != person_id]
            order.done += 1
            order.save(update_fields=["people", "done"])
    with tenant_scope(tenant, using=OWNER, actor=actor):
        Erasure.objects.filter(pk=order.pk).update(state=State.DONE, finished_at=timezone.now())
    work.finish(people=order.done, skipped=len(order.skipped))


def _approved(tenant: Tenant, pk: UUID) -> Erasure:
    with tenant_scope(tenant, using=OWNER):
        order = Erasure.objects.filter(pk=pk).first()
    if order is None or order.state not in {State.APPROVED, State.DONE}:
        raise JobError("This erasure is not approved.")
    if not order.decided_by_id or order.decided_by_id == order.asked_by_id:
        raise JobError("A second person must approve an erasure.")
    return order


# ── the rows ─────────────────────────────────────────────────────────────────────────────────────


def _erase_rows(tenant: Tenant, order: Erasure, person_id: UUID) -> bool:
    """Destroy one person's rows; False where it is not lawful (any more) or there is nobody."""
    if ErasedRow.objects.filter(erasure=order, person=person_id).exists():
        return True  # a worker died after this; the rest is still to be done
    patient = Patient.everyone.select_for_update(of=("self",)).filter(pk=person_id).first()
    if patient is None:
        return False
    now = timezone.now()
    policy = policy_of(tenant)
    verdict = verdict_on(patient, policy, now=now)
    if not verdict.is_lawful:
        _skip(order, patient, verdict.obstacles[0].words)
        return False
    _let_kept_rows_change()
    tables = read_catalogue()
    person = _person(patient, policy=policy, today=timezone.localdate(now))
    person.rows = _all_rows(person, tables)
    _note(order, person, tables)
    counts = Counter({table: len(keys) for table, keys in person.rows.items()})
    _discard_uploads(person)
    reduced = [row for part in erasure.parts() if part.reduce for row in part.reduce(person)]
    _delete(person, tables)
    reduced += _empty_links(person, tables)
    _keep_notes(order, person_id, reduced)
    register = policy.said["erasure"]["register"]
    Destruction.objects.create(
        erasure=order,
        name=policy.reduced_name(patient.full_name, place="register"),
        number=patient.number,
        covers_from=verdict.kept.first_entry,
        covers_until=verdict.kept.last_entry,
        destroyed_on=timezone.localdate(),
        basis=f"{order.get_basis_display()}. {register['source']}",
        asked_by=order.asked_by,
        approved_by=order.decided_by,
        counts=dict(counts),
    )
    record(
        "record.erase",
        object_type=PATIENTS,
        object_id=str(person_id),
        subject_id=str(person_id),
    )
    return True


def _let_kept_rows_change() -> None:
    """Tell the triggers of issued invoices that the owner reduces them; for this transaction only."""
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT set_config('nexus.erasing', 'on', true)")


def _person(patient: Patient, *, policy: Any, today: Any) -> Person:
    ids = all_records_of(patient.pk)
    records = list(Patient.everyone.filter(pk__in=ids))
    points = list(ContactPoint.objects.filter(patient__in=ids))
    cards = list(PatientIdentifier.objects.filter(patient__in=ids))
    shared = set(
        ContactPoint.objects.filter(normalised__in=[point.normalised for point in points])
        .exclude(patient__in=ids)
        .values_list("normalised", flat=True)
    )
    words = {one.full_name for one in records}
    words |= {text for point in points for text in (point.value, point.normalised)}
    words |= {text for card in cards for text in (card.value, card.normalised)}
    return Person(
        ids=ids,
        policy=policy,
        today=today,
        full_name=patient.full_name,
        words=sorted(word for word in words if len(word) >= SHORTEST_WORD),
        numbers=sorted({p.normalised.lower() for p in points} - shared - {""}),
    )


def _all_rows(person: Person, tables: dict[str, Table]) -> dict[str, set[str]]:
    """Find what is erased: by foreign keys, then what the parts know of, with what hangs on it."""
    kept = frozenset(erasure.kept_tables())
    rows = rows_about(person.ids, catalogue=tables, without=kept)
    person.rows = rows
    for part in erasure.parts():
        for table, key in part.collect(person) if part.collect else ():
            rows.setdefault(table, set()).add(key)
    return rows


def _note(order: Erasure, person: Person, tables: dict[str, Table]) -> None:
    """Write down what goes, and the files and words that lead to more, before it is gone."""
    listed = [
        ErasedRow(
            erasure=order, person=person.ids[0], kind=ErasedRow.Kind.ROW, table=table, key=key
        )
        for table, keys in person.rows.items()
        for key in keys
    ]
    words = [("", word) for word in person.words]
    files = [(table, name) for table, name in _files(person, tables) if name]
    for kind, found in ((ErasedRow.Kind.WORD, words), (ErasedRow.Kind.FILE, files)):
        listed += [
            ErasedRow(erasure=order, person=person.ids[0], kind=kind, table=table, key=key)
            for table, key in found
        ]
    ErasedRow.objects.bulk_create(listed, batch_size=2000)


def _keep_notes(order: Erasure, person_id: UUID, rows: Iterable[tuple[str, str]]) -> None:
    ErasedRow.objects.bulk_create(
        ErasedRow(erasure=order, person=person_id, kind=ErasedRow.Kind.ROW, table=table, key=key)
        for table, key in set(rows)
    )


def _files(person: Person, tables: dict[str, Table]) -> list[tuple[str, str]]:
    found = []
    with connections[current_scope().alias].cursor() as cursor:
        for name, keys in person.rows.items():
            table = tables[name]
            for column in FILE_COLUMNS:
                if column in table.columns:
                    cursor.execute(
                        f'SELECT "{column}" FROM "{name}" '  # noqa: S608 - names of the catalogue
                        f'WHERE "{table.key_column}" = ANY (%s::{table.key_kind}[])',
                        [sorted(keys)],
                    )
                    found += [(name, key) for (key,) in cursor.fetchall()]
    return found


def _discard_uploads(person: Person) -> None:
    """Delete what has arrived of files that were on their way."""
    for upload in Upload.objects.filter(pk__in=person.rows.get("documents_upload", ())):
        path_of(upload).unlink(missing_ok=True)


def _delete(person: Person, tables: dict[str, Table]) -> None:
    """Delete the rows, what stands above before what hangs on it; the patient's last.

    Foreign keys are looked at when the transaction ends. A record that kept rows name is emptied instead.
    """
    order = sorted(person.rows, key=lambda name: _depth(name, tables))
    with connections[current_scope().alias].cursor() as cursor:
        for name in order:
            if name != PATIENTS:
                _delete_keys(cursor, tables[name], sorted(person.rows[name]))
        named = _still_named(cursor, person, tables)
        _delete_keys(cursor, tables[PATIENTS], [pk for pk in person.texts if pk not in named])
        for pk in named:
            _empty_record(cursor, tables[PATIENTS], pk)


def _depth(name: str, tables: dict[str, Table], seen: frozenset[str] = frozenset()) -> int:
    """Answer how many tables stand above one by required keys."""
    if name in seen:
        return 0
    table = tables[name]
    above = [
        target
        for column, target in table.links.items()
        if table.columns[column].is_required and target not in {name, PATIENTS}
    ]
    return max((1 + _depth(target, tables, seen | {name}) for target in above), default=0)


def _delete_keys(cursor: Any, table: Table, keys: list[str]) -> None:
    cursor.execute(
        f'DELETE FROM "{table.name}" WHERE "{table.key_column}" = ANY (%s::{table.key_kind}[])',  # noqa: S608 - names of the catalogue
        [keys],
    )


def _still_named(cursor: Any, person: Person, tables: dict[str, Table]) -> set[str]:
    """Answer which of the records the kept rows go on naming."""
    named: set[str] = set()
    for name in erasure.kept_tables():
        for column in tables[name].patient_columns if name in tables else ():
            cursor.execute(
                f'SELECT DISTINCT "{column}"::text FROM "{name}" WHERE "{column}" = ANY (%s::uuid[])',  # noqa: S608 - names of the catalogue
                [person.texts],
            )
            named |= {key for (key,) in cursor.fetchall()}
    return named


def _empty_record(cursor: Any, table: Table, pk: str) -> None:
    """Leave of a record its number and that it was erased."""
    values: dict[str, Any] = {"is_archived": True, "archive_reason": "Erased", "extra": "{}"}
    for column in table.columns.values():
        if column.name in {"id", "number", "created_at", "changed_at", *values}:
            continue
        if not column.is_generated:
            values[column.name] = "" if column.is_required else None
    sets = ", ".join(f'"{name}" = %s' for name in values)
    cursor.execute(
        f"UPDATE {PATIENTS} SET {sets}, changed_at = now() WHERE id = %s",  # noqa: S608 - names of the catalogue
        [*values.values(), pk],
    )


def _empty_links(person: Person, tables: dict[str, Table]) -> list[tuple[str, str]]:
    """Empty the links that other rows have to what is gone; answers those rows."""
    emptied = []
    with connections[current_scope().alias].cursor() as cursor:
        for table in tables.values():
            for column, target in table.links.items():
                gone = person.rows.get(target)
                is_ours = target == PATIENTS or table.columns[column].is_required
                if not gone or is_ours or len(table.key) != 1:
                    continue
                cursor.execute(
                    f'UPDATE "{table.name}" SET "{column}" = NULL '  # noqa: S608 - names of the catalogue
                    f'WHERE "{column}" = ANY (%s::{tables[target].key_kind}[]) '
                    f'RETURNING "{table.key_column}"::text',
                    [sorted(gone)],
                )
                emptied += [(table.name, key) for (key,) in cursor.fetchall()]
    return [row for row in emptied if row[0] in erasure.kept_tables()]


def _skip(order: Erasure, patient: Patient, why: str) -> None:
    order.skipped = [*order.skipped, {"number": patient.number, "why": why}]
    Erasure.objects.filter(pk=order.pk).update(skipped=order.skipped)


# ── what the trail kept ──────────────────────────────────────────────────────────────────────────

_MORE_KEYS = f"""
INSERT INTO rights_erasedrow (id, erasure_id, person, kind, "table", key)
SELECT gen_random_uuid(), %(erasure)s, %(person)s, 'row', e.object_type, e.object_id
  FROM audit_event e LEFT JOIN audit_payload p ON p.event_id = e.id
 WHERE e.object_type = ANY (%(tables)s) AND e.object_id <> ''
   AND (e.subject_id = ANY (%(ids)s)
        OR e.subject_id = '' AND p.body IS NOT NULL AND EXISTS (
            SELECT FROM regexp_matches(p.body, '{_UUID}', 'g') AS m
              JOIN rights_erasedrow r ON r.key = m[1] AND r.erasure_id = %(erasure)s
               AND r.person = %(person)s AND r.kind = 'row'))
   AND NOT EXISTS (SELECT FROM rights_erasedrow r WHERE r.erasure_id = %(erasure)s
        AND r.person = %(person)s AND r.kind = 'row' AND r."table" = e.object_type
        AND r.key = e.object_id)
 GROUP BY e.object_type, e.object_id"""  # noqa: S608 - a constant pattern

_PAYLOADS = f"""
SELECT p.event_id FROM audit_payload p JOIN audit_event e ON e.id = p.event_id
 WHERE NOT (e.object_type = ANY (%(spared)s)) AND e.action <> 'erase'
   AND (e.subject_id = ANY (%(ids)s)
     OR EXISTS (SELECT FROM rights_erasedrow r WHERE r.erasure_id = %(erasure)s
          AND r.person = %(person)s AND r.kind = 'row' AND r."table" = e.object_type
          AND r.key = e.object_id)
     OR EXISTS (SELECT FROM regexp_matches(p.body, '{_UUID}', 'g') AS m
          JOIN rights_erasedrow r ON r.key = m[1] AND r.erasure_id = %(erasure)s
           AND r.person = %(person)s AND r.kind = 'row' AND NOT (r."table" = ANY (%(kept)s))))
 ORDER BY p.event_id"""  # noqa: S608 - a constant pattern

SPARED = ["audit_event", "rights_erasure", "rights_destruction"]


def _erase_history(
    tenant: Tenant, order: Erasure, person_id: UUID, actor: Actor, work: Work
) -> None:
    """Erase what the trail recorded of the person; its headers and seals stay."""
    with tenant_scope(tenant, using=OWNER, actor=actor):
        values = _history_values(order, person_id)
        with connections[OWNER].cursor() as cursor:
            # What was deleted long ago is known from the trail alone, and what hung on it too.
            for _ in range(4):
                cursor.execute(_MORE_KEYS, values)
                if not cursor.rowcount:
                    break
            cursor.execute(_PAYLOADS, values)
            events = [event_id for (event_id,) in cursor.fetchall()]
    reason = f"Erasure {order.pk}"
    for start in range(0, len(events), AT_ONCE):
        work.check()
        with tenant_scope(tenant, using=OWNER, actor=actor), connections[OWNER].cursor() as cursor:
            cursor.execute(
                "SELECT count(audit_erase_payload(p.event_id, %s)) FROM audit_payload p "
                "WHERE p.event_id = ANY (%s)",
                [reason, events[start : start + AT_ONCE]],
            )


def _history_values(order: Erasure, person_id: UUID) -> dict[str, Any]:
    ids = ErasedRow.objects.filter(
        erasure=order, person=person_id, kind=ErasedRow.Kind.ROW, table=PATIENTS
    ).values_list("key", flat=True)
    kept = list(erasure.kept_tables())
    tables = [name for name in tables_about(read_catalogue()) if name not in kept]
    return {
        "erasure": order.pk, "person": person_id, "ids": sorted({str(person_id), *ids}),
        "kept": kept, "spared": SPARED, "tables": [name for name in tables if name != PATIENTS],
    }  # fmt: skip


# ── files, and a last look ───────────────────────────────────────────────────────────────────────


def _finish_person(tenant: Tenant, order: Erasure, person_id: UUID, actor: Actor) -> None:
    with tenant_scope(tenant, using=OWNER, actor=actor):
        listed = ErasedRow.objects.filter(erasure=order, person=person_id)
        tables = read_catalogue()
        files = set(listed.filter(kind=ErasedRow.Kind.FILE).values_list("key", flat=True))
        gone = files - _still_used(files, tables)
        storage = clinic_storage()
        for key in gone:
            storage.delete(key)
        for pk in listed.filter(kind=ErasedRow.Kind.ROW, table=PATIENTS).values_list(
            "key", flat=True
        ):
            for name in list(storage.names_below(f"patients/{pk}")):
                if name not in _still_used({name}, tables):
                    storage.delete(name)
        words = list(listed.filter(kind=ErasedRow.Kind.WORD).values_list("key", flat=True))
        line = Destruction.objects.filter(erasure=order).order_by("-id").first()
        if line is not None:
            line.left = where_words_stand(words, tables)
            line.counts = {**line.counts, "files": len(gone)}
            line.save(update_fields=["left", "counts"])
        listed.delete()


def _still_used(keys: set[str], tables: dict[str, Table]) -> set[str]:
    """Answer the files that other rows go on naming."""
    used: set[str] = set()
    with connections[current_scope().alias].cursor() as cursor:
        for table in tables.values():
            for column in FILE_COLUMNS:
                if column in table.columns:
                    cursor.execute(
                        f'SELECT "{column}" FROM "{table.name}" WHERE "{column}" = ANY (%s)',  # noqa: S608 - names of the catalogue
                        [sorted(keys)],
                    )
                    used |= {key for (key,) in cursor.fetchall()}
    return used


def where_words_stand(words: list[str], tables: dict[str, Table]) -> list[dict[str, Any]]:
    """Answer the columns, of all tables, in which any of the words still stands, with how many rows.

    A namesake's record is found too: a person decides what it is.
    """
    if not words:
        return []
    pattern = "|".join(re.escape(word) for word in words)
    left = []
    with connections[current_scope().alias].cursor() as cursor:
        for table in tables.values():
            columns = [column.name for column in table.columns.values() if column.is_words]
            if table.name in NOT_SEARCHED or not columns:
                continue
            asked = ", ".join(f'count(*) FILTER (WHERE "{name}"::text ~* %s)' for name in columns)
            cursor.execute(
                f'SELECT {asked} FROM "{table.name}"',  # noqa: S608 - names of the catalogue
                [pattern] * len(columns),
            )
            left += [
                {"table": table.name, "column": name, "rows": count}
                for name, count in zip(columns, cursor.fetchone(), strict=True)
                if count
            ]
    return left
