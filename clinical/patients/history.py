"""Who looked at a patient and who changed what, in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps

from audit.selectors import events_about

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from audit.models import Event
    from clinical.patients.models import Patient

SHOWN = 200
_VERBS = {"create": "added", "update": "changed", "delete": "removed", "view": "looked at"}
_ICONS = {"create": "plus", "update": "pencil", "delete": "trash", "view": "eye"}
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
    return [_entry(event) for event in events[:SHOWN]]


def _entry(event: Event) -> Entry:
    payload = getattr(event, "payload", None)
    body: dict[str, Any] = json.loads(payload.body) if payload and payload.body else {}
    return Entry(
        at=event.at,
        who=event.actor_label or "The system",
        verb=_VERBS.get(event.action, event.action),
        what=_what(event, body),
        icon=_ICONS.get(event.action, "point"),
        is_view=event.action == "view",
        changes=tuple(_changes(body)),
        is_erased=payload is None and bool(event.commitment),
    )


def _what(event: Event, body: dict[str, Any]) -> str:
    if event.action == "view":
        return f"the {body.get('section', 'record')}".replace("-", " ")
    for model in apps.get_models():
        if model._meta.db_table == event.object_type:
            name = str(model._meta.verbose_name)
            if name == "patient":
                return "the record"
            article = "an" if name[0] in "aeiou" else "a"
            return f"{article} {name}" if event.action == "create" else f"the {name}"
    return event.object_type


def _changes(body: dict[str, Any]) -> Iterable[Change]:
    before, after = body.get("before") or {}, body.get("after") or {}
    is_whole = not before or not after
    for name in sorted({*before, *after} - _SILENT):
        if is_whole and (before or after)[name] is False:
            continue
        old, new = _text(before.get(name)), _text(after.get(name))
        if old != new:
            yield Change(name.removesuffix("_id").replace("_", " ").capitalize(), old, new)


def _text(value: Any) -> str:
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
