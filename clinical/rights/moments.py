"""A record as it stood at a moment: today's rows with everything undone that happened since.

The trail holds each row before and after every change. Walking back from now needs no event that was
written before the moment, so what an erasure has taken of older history does no harm; where a later event
has lost its payload, the row says so instead of guessing. Times are those of the database's clock at the
statement: a change shows from the statement on, not from its commit some milliseconds later.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Q

from audit import coverage
from audit.models import Event
from clinical.patients.models import Patient, PatientMerge
from clinical.rights.catalogue import PATIENTS, read_catalogue
from clinical.rights.finding import tables_about
from clinical.rights.presenting import (
    MACHINERY,
    columns_in_order,
    in_order,
    label_of,
    names_of,
    read_rows,
    section_name,
    text_of,
    title_of,
)
from tenants.scope import current_scope

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from clinical.rights.catalogue import Table

Row = dict[str, Any]
Key = tuple[str, str]
ERASED = "erased"


@dataclass
class Image:
    """A row at a moment; `row` is None where it was not there. `is_erased`: the trail no longer says."""

    row: Row | None
    is_erased: bool = False


@dataclass(frozen=True)
class ShownFact:
    label: str
    then: str
    now: str

    @property
    def differs(self) -> bool:
        return self.then != self.now


@dataclass(frozen=True)
class ShownRow:
    """One row then, beside what it is now. `mark` is same, changed, gone, added or erased."""

    title: str
    mark: str
    facts: tuple[ShownFact, ...]


@dataclass
class ShownSection:
    name: str
    rows: list[ShownRow] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return sum(row.mark != "same" for row in self.rows)


def covered_tables(tables: dict[str, Table]) -> dict[str, list[tuple[str, str]]]:
    """Answer the tables about a patient that the trail covers, with the columns that say so."""
    exempt = coverage.exemptions()
    return {
        name: columns
        for name, columns in tables_about(tables).items()
        if name not in exempt and not name.startswith("rights_")
    }


@dataclass
class Looked:
    """What was read of a record: its rows now, and every change since the moment, the newest first."""

    now: dict[str, dict[str, Row]]
    later: dict[Key, list[Event]]
    about: dict[str, list[tuple[str, str]]]

    def then(self) -> dict[str, dict[str, Image]]:
        images: dict[str, dict[str, Image]] = {
            name: {key: Image(row) for key, row in rows.items()} for name, rows in self.now.items()
        }
        for (name, key), events in self.later.items():
            image = images[name].get(key, Image(None))
            for event in events:
                image = undo(image, event)
            images[name][key] = image
        return images


def state_at(patient_id: UUID, at: datetime) -> dict[str, dict[str, Image]]:
    """Answer table → key → image of every row that was about this record at the moment.

    Rows that a later merge moved to or from the record are where they were then.
    """
    looked = _look(patient_id, at)
    return _those_of(patient_id, looked.then(), looked.about)


def shown_at(patient_id: UUID, at: datetime) -> list[ShownSection]:
    """Answer the record at the moment beside now, section by section, for a page."""
    looked = _look(patient_id, at)
    now_images = {
        name: {key: Image(row) for key, row in rows.items()} for name, rows in looked.now.items()
    }
    then = _those_of(patient_id, looked.then(), looked.about)
    now = _those_of(patient_id, now_images, looked.about)
    tables = set(then) | set(now)
    rows = {
        name: [
            image.row
            for images in (then.get(name, {}), now.get(name, {}))
            for image in images.values()
            if image.row
        ]
        for name in tables - MACHINERY
    }
    names = names_of(rows)
    sections = []
    for name in in_order(rows):
        section = ShownSection(section_name(name))
        for key in {**then.get(name, {}), **now.get(name, {})}:
            old, new = then.get(name, {}).get(key), now.get(name, {}).get(key)
            section.rows.append(_shown(name, old, new, names))
        if section.rows:
            sections.append(section)
    return sections


def records_then(patient: Patient) -> list[Patient]:
    """Answer the other records that were this person's before a merge."""
    merges = PatientMerge.objects.filter(Q(winner=patient) | Q(loser=patient))
    ids = {pk for pair in merges.values_list("winner_id", "loser_id") for pk in pair}
    return list(Patient.everyone.filter(pk__in=ids - {patient.pk}))


# ── which rows may have been there ───────────────────────────────────────────────────────────────


def _look(patient_id: UUID, at: datetime) -> Looked:
    """Read every row that may have been about the record at the moment, and all that happened to it since.

    Today's rows, rows that an event names the patient with, and what hung on any of them and is deleted.
    """
    tables = read_catalogue()
    about = covered_tables(tables)
    keys: dict[str, set[str]] = {name: set() for name in about}
    keys[PATIENTS].add(str(patient_id))
    since = Event.objects.filter(at__gt=at)
    mine = Event.objects.filter(subject_id=str(patient_id), object_type__in=list(about))
    for name, key in mine.values_list("object_type", "object_id").distinct().order_by():
        keys[name].add(key)
    for name, key in _moved_away(patient_id, since):
        if name in keys:
            keys[name].add(key)
    deleted = _deleted_since(since, about)
    ranks = {name: _rank(name, about) for name in about}
    for rank in sorted(set(ranks.values())):
        level = [name for name in about if ranks[name] == rank]
        for name, key in _below(tables, level, about, keys):
            keys[name].add(key)
        for name in level:
            for column, above in about[name]:
                keys[name] |= {
                    key
                    for key, row in deleted.get(name, {}).items()
                    if str(row.get(column)) in keys[above]
                }
    now = read_rows(tables, {name: found for name, found in keys.items() if found})
    return Looked(now, _later(at, keys), about)


def _rank(
    name: str, about: dict[str, list[tuple[str, str]]], seen: frozenset[str] = frozenset()
) -> int:
    above = [target for _column, target in about[name] if target != name and target not in seen]
    return max((1 + _rank(target, about, seen | {name}) for target in above), default=0)


def _below(
    tables: dict[str, Table],
    level: list[str],
    about: dict[str, list[tuple[str, str]]],
    keys: dict[str, set[str]],
) -> list[Key]:
    """Answer the rows of these tables that hang on the keys found so far: one question."""
    parts: list[str] = []
    values: list[Any] = []
    for name in level:
        table = tables[name]
        for column, above in about[name]:
            if keys[above]:
                parts.append(
                    f'SELECT %s, "{table.key_column}"::text FROM "{name}" '  # noqa: S608 - names of the catalogue
                    f'WHERE "{column}" = ANY (%s::{tables[above].key_kind}[])'
                )
                values += [name, sorted(keys[above])]
    if not parts:
        return []
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return list(cursor.fetchall())


def _moved_away(patient_id: UUID, since: Any) -> list[Key]:
    """Answer rows whose change since then took them from this patient to another."""
    found = since.filter(
        action="update", payload__body__contains=f'"patient_id": "{patient_id}"'
    ).exclude(subject_id=str(patient_id))
    return list(found.values_list("object_type", "object_id").distinct().order_by())


def _deleted_since(
    since: Any, about: dict[str, list[tuple[str, str]]]
) -> dict[str, dict[str, Row]]:
    deleted: dict[str, dict[str, Row]] = defaultdict(dict)
    hanging = [name for name, columns in about.items() if all(t != PATIENTS for _c, t in columns)]
    events = since.filter(action="delete", object_type__in=hanging).select_related("payload")
    for event in events.order_by():
        deleted[event.object_type][event.object_id] = _body(event).get("before") or {}
    return deleted


def _later(at: datetime, keys: dict[str, set[str]]) -> dict[Key, list[Event]]:
    """Answer what happened to each row after the moment, the newest first: one question for all."""
    pairs = [(name, key) for name, found in keys.items() for key in found]
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            "SELECT e.id FROM unnest(%s::text[], %s::text[]) AS k (t, o) JOIN audit_event e "
            "ON e.object_type = k.t AND e.object_id = k.o AND e.at > %s "
            "WHERE e.action IN ('create', 'update', 'delete')",
            [[name for name, _key in pairs], [key for _name, key in pairs], at],
        )
        ids = [event_id for (event_id,) in cursor.fetchall()]
    later: dict[Key, list[Event]] = defaultdict(list)
    events = Event.objects.filter(id__in=ids, at__gt=at).select_related("payload")
    for event in events.order_by("-at", "-id"):
        later[event.object_type, event.object_id].append(event)
    return later


# ── walking back ─────────────────────────────────────────────────────────────────────────────────


def undo(image: Image, event: Event) -> Image:
    """Answer the row as it stood before the event."""
    if event.action == "create":
        return Image(None)
    body = _body(event)
    if not body:
        return Image(image.row if event.action == "update" else {}, is_erased=True)
    before = body.get("before") or {}
    if event.action == "delete" or image.row is None:
        return Image(dict(before))
    return Image({**image.row, **before}, image.is_erased)


def _body(event: Event) -> Row:
    payload = getattr(event, "payload", None)
    return json.loads(payload.body) if payload is not None and payload.body else {}


def _those_of(
    patient_id: UUID,
    images: dict[str, dict[str, Image]],
    about: dict[str, list[tuple[str, str]]],
) -> dict[str, dict[str, Image]]:
    """Keep the rows that were about this record at the moment, what hung on them too."""
    kept: dict[str, dict[str, Image]] = {}
    for name in sorted(images, key=lambda one: _rank(one, about)):
        for key, image in images[name].items():
            if image.row is None:
                continue
            if _was_of(patient_id, (name, key), image, kept, about[name]):
                kept.setdefault(name, {})[key] = image
    return kept


def _was_of(
    patient_id: UUID,
    where: Key,
    image: Image,
    kept: dict[str, dict[str, Image]],
    columns: list[tuple[str, str]],
) -> bool:
    name, key = where
    if name == PATIENTS:
        return key == str(patient_id)
    row = image.row or {}
    if not row:
        return image.is_erased
    direct = [column for column, above in columns if above == PATIENTS]
    if direct:
        return any(row.get(column) == str(patient_id) for column in direct)
    return any(str(row.get(column)) in kept.get(above, {}) for column, above in columns)


# ── showing ──────────────────────────────────────────────────────────────────────────────────────


def _shown(table: str, then: Image | None, now: Image | None, names: dict[str, str]) -> ShownRow:
    old = then.row if then else None
    new = now.row if now else None
    columns = columns_in_order(table, dict.fromkeys([*(old or {}), *(new or {})]))
    facts = tuple(
        fact
        for column in columns
        if (fact := _fact(table, column, old or {}, new or {}, names)).then or fact.now
    )
    if then is not None and then.is_erased:
        return ShownRow(title_of(table, new or {}, names) or "A row", ERASED, ())
    if old is None:
        mark = "added"
    elif new is None:
        mark = "gone"
    else:
        mark = "changed" if any(fact.differs for fact in facts) else "same"
    return ShownRow(title_of(table, old or new or {}, names), mark, facts)


def _fact(table: str, column: str, old: Row, new: Row, names: dict[str, str]) -> ShownFact:
    before, after = (text_of(table, column, row.get(column), names) for row in (old, new))
    return ShownFact(label_of(table, column), before, after)
