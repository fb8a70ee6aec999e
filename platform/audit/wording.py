"""How events read on screen: verbs for actions, names for tables and fields, values for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps

from audit.functions import WITHHELD

if TYPE_CHECKING:
    from django.db.models import Model

    from audit.models import Event

LONGEST_VALUE = 300
_HIDDEN_FIELDS = frozenset({"id"})


@dataclass(frozen=True)
class Wording:
    """An action as a person reads it, with the tone and the icon of its pill."""

    label: str
    tone: str = "neutral"
    icon: str = "activity"


ACTIONS = {
    "create": Wording("Created", "success", "plus"),
    "update": Wording("Changed", "info", "pencil"),
    "delete": Wording("Deleted", "danger", "trash"),
    "truncate": Wording("Emptied", "danger", "trash"),
    "view": Wording("Viewed", "neutral", "eye"),
    "export": Wording("Exported", "warning", "download"),
    "erase": Wording("Erased", "warning", "eraser"),
    "verify": Wording("Verification", "neutral", "shield-check"),
    "sign_in.ok": Wording("Signed in", "success", "login"),
    "sign_in.failed": Wording("Sign-in failed", "warning", "lock"),
    "sign_in.throttled": Wording("Sign-in held back", "danger", "lock"),
    "sign_out": Wording("Signed out", "neutral", "logout"),
    "permission.denied": Wording("Refused", "danger", "ban"),
    "record.not_found": Wording("Not found", "warning", "error-404"),
}

_OTHER_OBJECTS = {
    "accounts.user": "Staff member",
    "audit_event": "Audit trail",
    "audit_seal": "Audit trail",
}


@dataclass(frozen=True)
class Change:
    """One field of a changed row, or one fact of another event. `before` is None for a fact."""

    label: str
    before: str | None
    after: str
    is_whole: bool = False


def wording_of(event: Event) -> Wording:
    """Word an event's action; one that is not known by name is spelled out."""
    return word_action(event.action)


def word_action(action: str) -> Wording:
    return ACTIONS.get(action) or Wording(action.replace("_", " ").replace(".", ": ").capitalize())


def word_object(object_type: str) -> str:
    """Name a table by its model, another object by its own name."""
    if known := _OTHER_OBJECTS.get(object_type):
        return known
    model = models_by_table().get(object_type)
    if model is not None:
        return str(model._meta.verbose_name).capitalize()
    return object_type.replace("_", " ").replace(".", " ").replace(":", " ").capitalize()


@cache
def models_by_table() -> dict[str, type[Model]]:
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
    }


def changes_of(event: Event) -> list[Change] | None:
    """Answer what an event says of values, in the table's order; None once that was erased.

    A created or deleted row lists what it held; a changed one what each field held before and after.
    """
    payload = getattr(event, "payload", None)
    if payload is None:
        return None if bytes(event.commitment) else []
    try:
        facts = json.loads(payload.body)
    except ValueError:
        return []
    if not isinstance(facts, dict):
        return []
    if event.action == "update" and {"before", "after"} == set(facts):
        return _compared(event.object_type, facts["before"] or {}, facts["after"] or {})
    for side in ("after", "before"):
        if list(facts) == [side] and isinstance(facts[side], dict):
            return _listed(event.object_type, facts[side])
    return [Change(_spelled(name), None, _shown(value)) for name, value in facts.items()]


def _compared(table: str, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    names = _in_order(table, {**before, **after})
    return [
        Change(label_of_column(table, name), _shown(before.get(name)), _shown(after.get(name)))
        for name in names
    ]


def _listed(table: str, row: dict[str, Any]) -> list[Change]:
    return [
        Change(label_of_column(table, name), None, _shown(row[name]), is_whole=True)
        for name in _in_order(table, row)
        if name not in _HIDDEN_FIELDS and row[name] not in (None, "", [], {})
    ]


def _in_order(table: str, row: dict[str, Any]) -> list[str]:
    columns = list(_columns(table))
    return sorted(row, key=lambda name: columns.index(name) if name in columns else len(columns))


@cache
def _columns(table: str) -> dict[str, str]:
    model = models_by_table().get(table)
    if model is None:
        return {}
    return {
        field.column: str(field.verbose_name)
        for field in model._meta.concrete_fields
        if field.column
    }


def label_of_column(table: str, column: str) -> str:
    label = _columns(table).get(column)
    return label[:1].upper() + label[1:] if label else _spelled(column)


def _spelled(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if value == WITHHELD:
        return "withheld"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text = _moment(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _moment(text: str) -> str:
    """Shorten a time stamp as PostgreSQL writes it in JSON; leave all other texts as they are."""
    if len(text) < len("2026-01-01T00:00:00") or text[4:5] != "-" or text[10:11] != "T":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname() or ''}".strip()
