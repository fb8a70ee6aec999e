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
    HIDDEN,
    MACHINERY,
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
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from clinical.rights.catalogue import Table

Row = dict[str, Any]
Key = tuple[str, str]
ERASED = "erased"
AT_ONCE = 5000


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


def state_at(patient_id: UUID, at: datetime) -> dict[str, dict[str, Image]]:
    """Answer table → key → image of every row that was about this record at the moment.

    Rows that a later merge moved to or from the record are where they were then.
    """
    tables = read_catalogue()
    about = covered_tables(tables)
    keys, later = _candidates(patient_id, at, tables, about)
    images = {
        name: _walk_back(tables[name], found, later.get(name, {})) for name, found in keys.items()
    }
    return _those_of(patient_id, images, about)


def shown_at(patient_id: UUID, at: datetime) -> list[ShownSection]:
    """Answer the record at the moment beside now, section by section, for a page."""
    then = state_at(patient_id, at)
    now = state_at(patient_id, _far_ahead(at))
    rows = {
        name: [
            image.row
            for images in (then.get(name, {}), now.get(name, {}))
            for image in images.values()
            if image.row
        ]
        for name in {*then, *now}
    }
    names = names_of(rows)
    sections = []
    for name in in_order(set(rows) - MACHINERY):
        section = ShownSection(section_name(name))
        for key in {**then.get(name, {}), **now.get(name, {})}:
            shown = _shown(name, then.get(name, {}).get(key), now.get(name, {}).get(key), names)
            if shown is not None:
                section.rows.append(shown)
        if section.rows:
            sections.append(section)
    return sections


def records_then(patient: Patient) -> list[Patient]:
    """Answer the other records that were this person's before a merge."""
    merges = PatientMerge.objects.filter(Q(winner=patient) | Q(loser=patient))
    ids = {pk for pair in merges.values_list("winner_id", "loser_id") for pk in pair}
    return list(Patient.everyone.filter(pk__in=ids - {patient.pk}))


# ── which rows may have been there ───────────────────────────────────────────────────────────────


def _candidates(
    patient_id: UUID,
    at: datetime,
    tables: dict[str, Table],
    about: dict[str, list[tuple[str, str]]],
) -> tuple[dict[str, set[str]], dict[str, dict[str, list[Event]]]]:
    """Answer the keys to look at, and what happened to each since, the newest first.

    Today's rows of the record, rows that an event names the patient with, and what hung on any of them
    and has been deleted since.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    keys[PATIENTS].add(str(patient_id))
    since = Event.objects.filter(at__gt=at)
    mine = Event.objects.filter(subject_id=str(patient_id), object_type__in=list(about))
    for name, key in mine.values_list("object_type", "object_id").distinct().order_by():
        keys[name].add(key)
    for name, key in _moved_away(patient_id, since):
        keys[name].add(key)
    deleted = _deleted_since(since, about)
    queue = [PATIENTS, *(name for name in about if name != PATIENTS)]
    for name in sorted(queue, key=lambda one: _rank(one, about)):
        for column, above in about[name]:
            keys[name] |= _below(tables[name], column, keys[above], tables[above])
            keys[name] |= {
                key
                for key, row in deleted.get(name, {}).items()
                if str(row.get(column)) in keys[above]
            }
    return keys, _later(since, keys)


def _rank(
    name: str, about: dict[str, list[tuple[str, str]]], seen: frozenset[str] = frozenset()
) -> int:
    above = [target for _column, target in about[name] if target != name and target not in seen]
    return max((1 + _rank(target, about, seen | {name}) for target in above), default=0)


def _below(table: Table, column: str, keys: set[str], above: Table) -> set[str]:
    if not keys:
        return set()
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            f'SELECT "{table.key_column}"::text FROM "{table.name}" '  # noqa: S608 - names of the catalogue
            f'WHERE "{column}" = ANY (%s::{above.key_kind}[])',
            [sorted(keys)],
        )
        return {key for (key,) in cursor.fetchall()}


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


def _later(since: Any, keys: dict[str, set[str]]) -> dict[str, dict[str, list[Event]]]:
    later: dict[str, dict[str, list[Event]]] = {}
    for name, found in keys.items():
        of_key: dict[str, list[Event]] = defaultdict(list)
        wanted = sorted(found)
        for start in range(0, len(wanted), AT_ONCE):
            events = since.filter(
                object_type=name,
                object_id__in=wanted[start : start + AT_ONCE],
                action__in=["create", "update", "delete"],
            )
            for event in events.select_related("payload").order_by("-at", "-id"):
                of_key[event.object_id].append(event)
        later[name] = of_key
    return later


# ── walking back ─────────────────────────────────────────────────────────────────────────────────


def _walk_back(
    table: Table, keys: Iterable[str], later: dict[str, list[Event]]
) -> dict[str, Image]:
    now = read_rows(table, keys)
    images = {}
    for key in keys:
        image = Image(now.get(key))
        for event in later.get(key, ()):
            image = undo(image, event)
        images[key] = image
    return images


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
            if _was_of(patient_id, name, key, image, kept, about):
                kept.setdefault(name, {})[key] = image
    return kept


def _was_of(
    patient_id: UUID,
    name: str,
    key: str,
    image: Image,
    kept: dict[str, dict[str, Image]],
    about: dict[str, list[tuple[str, str]]],
) -> bool:
    if name == PATIENTS:
        return key == str(patient_id)
    row = image.row or {}
    if not row:
        return image.is_erased
    direct = [column for column, above in about[name] if above == PATIENTS]
    if direct:
        return any(row.get(column) == str(patient_id) for column in direct)
    return any(str(row.get(column)) in kept.get(above, {}) for column, above in about[name])


# ── showing ──────────────────────────────────────────────────────────────────────────────────────


def _shown(
    table: str, then: Image | None, now: Image | None, names: dict[str, str]
) -> ShownRow | None:
    old = then.row if then else None
    new = now.row if now else None
    columns = [
        column
        for column in dict.fromkeys([*(old or {}), *(new or {})])
        if column not in HIDDEN and column != "patient_id"
    ]
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


def _far_ahead(at: datetime) -> datetime:
    """Answer a moment after which nothing has happened yet."""
    return at.replace(year=at.year + 1000)
