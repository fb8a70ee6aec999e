"""Who looked at a patient and who changed what, in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import DateField, DateTimeField, Field, ForeignKey, Model
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format

from audit.selectors import events_about

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from audit.models import Event
    from clinical.patients.models import Patient

SHOWN = 200
_VERBS = {
    "create": "added",
    "update": "changed",
    "delete": "removed",
    "view": "looked at",
    "patient.merge": "merged another record of the same person with",
    "patient.unmerge": "took a merge back and changed",
    "patient.not_the_same": "said that somebody else is not the person of",
}
_ICONS = {
    "create": "plus",
    "update": "pencil",
    "delete": "trash",
    "view": "eye",
    "patient.merge": "git-merge",
    "patient.unmerge": "arrow-back-up",
    "patient.not_the_same": "users",
}
_SILENT = frozenset(
    {
        "id",
        "patient_id",
        "tenant_id",
        "created_at",
        "changed_at",
        "normalised",
        "is_valid",
    }
)
"""Columns that people do not set."""


@dataclass(frozen=True)
class Change:
    """One column before and after, as text."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One event as a line of the history."""

    at: datetime
    who: str
    verb: str
    what: str
    icon: str
    is_view: bool
    changes: tuple[Change, ...]
    is_erased: bool


def history_of(patient: Patient, *, only: str = "") -> list[Entry]:
    """Answer the latest SHOWN entries, newest first; `only` is `changes`, `views` or nothing."""
    events = events_about(str(patient.pk))
    if only == "views":
        events = events.filter(action="view")
    elif only == "changes":
        events = events.exclude(action="view")
    shown = [(event, _body(event)) for event in events[:SHOWN]]
    names = _names_of_referred_rows(shown)
    return [_entry(event, body, names) for event, body in shown]


def _body(event: Event) -> dict[str, Any]:
    payload = getattr(event, "payload", None)
    return json.loads(payload.body) if payload and payload.body else {}


def _entry(event: Event, body: dict[str, Any], names: Mapping[str, str]) -> Entry:
    return Entry(
        at=event.at,
        who=event.actor_label or "The system",
        verb=_VERBS.get(event.action, event.action),
        what=_what(event, body),
        icon=_ICONS.get(event.action, "point"),
        is_view=event.action == "view",
        changes=tuple(_changes(body, _columns(event.object_type), names)),
        is_erased=getattr(event, "payload", None) is None and bool(event.commitment),
    )


def _model_of(table: str) -> type[Model] | None:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)


def _columns(table: str) -> dict[str, Field[Any, Any]]:
    model = _model_of(table)
    return {str(field.column): field for field in model._meta.concrete_fields} if model else {}


def _names_of_referred_rows(shown: Sequence[tuple[Event, dict[str, Any]]]) -> dict[str, str]:
    """Name what the changes refer to by id: one query for each table that is referred to."""
    wanted: dict[type[Model], set[str]] = {}
    for event, body in shown:
        columns = _columns(event.object_type)
        for side in (body.get("before") or {}, body.get("after") or {}):
            for column, value in side.items():
                field = columns.get(column)
                if isinstance(field, ForeignKey) and value and column not in _SILENT:
                    wanted.setdefault(field.related_model, set()).add(str(value))
    return {
        str(row.pk): str(row)
        for model, ids in wanted.items()
        for row in model._default_manager.filter(pk__in=ids)
    }


def _what(event: Event, body: dict[str, Any]) -> str:
    if event.action == "view":
        return f"the {body.get('section', 'record')}".replace("-", " ")
    model = _model_of(event.object_type)
    if model is None:
        return event.object_type
    name = str(model._meta.verbose_name)
    if name == "patient":
        return "the record"
    article = "an" if name[0] in "aeiou" else "a"
    return f"{article} {name}" if event.action == "create" else f"the {name}"


def _changes(
    body: dict[str, Any], columns: Mapping[str, Field[Any, Any]], names: Mapping[str, str]
) -> Iterable[Change]:
    before, after = body.get("before") or {}, body.get("after") or {}
    is_whole = not before or not after
    for name in sorted({*before, *after} - _SILENT):
        if is_whole and (before or after)[name] is False:
            continue
        field = columns.get(name)
        old, new = (_text(side.get(name), field, names) for side in (before, after))
        if old != new:
            yield Change(name.removesuffix("_id").replace("_", " ").capitalize(), old, new)


def _text(value: Any, field: Field[Any, Any] | None, names: Mapping[str, str]) -> str:
    """Write a stored value as people read it: local time, the words of a choice, names for ids."""
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {part}" for key, part in value.items())
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return _words(value, field, names) if field is not None else value


def _words(value: str, field: Field[Any, Any], names: Mapping[str, str]) -> str:
    if isinstance(field, ForeignKey):
        return names.get(value, value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, DateTimeField):
        moment = parse_datetime(value)
        return _local(moment) if moment else value
    if isinstance(field, DateField):
        day = parse_date(value)
        return date_format(day, "j M Y") if day else value
    return value


def _local(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, g:i a")
