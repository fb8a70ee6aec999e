"""What the things in a list of events are called now, asked once per table for the whole list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import router

from audit import coverage
from audit.wording import models_by_table, word_object
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import Model

    from audit.models import Event


@dataclass(frozen=True)
class Named:
    """A thing by its name and, where it has a page, the way there."""

    kind: str
    name: str = ""
    url: str = ""


@dataclass(frozen=True)
class ShownEvent:
    """An event with the names of what it is about."""

    event: Event
    thing: Named
    patient: Named | None


def name_events(events: Sequence[Event]) -> list[ShownEvent]:
    """Name the objects and the patients of events, in one query for each table."""
    people = coverage.patient_table()
    wanted: dict[str, set[str]] = defaultdict(set)
    for event in events:
        wanted[event.object_type].add(event.object_id)
        if people and event.subject_id:
            wanted[people].add(event.subject_id)
    found = {table: _named(table, ids) for table, ids in wanted.items()}
    shown = []
    for event in events:
        kind = word_object(event.object_type)
        thing = found[event.object_type].get(event.object_id) or Named(kind)
        is_own = event.object_type == people
        patient = found.get(people, {}).get(event.subject_id) if not is_own else None
        shown.append(ShownEvent(event, thing, patient))
    return shown


def name_things(things: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Named]:
    """Name things by their table and id, in one query for each table; those that are gone are left out."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for table, object_id in things:
        wanted[table].add(object_id)
    return {
        (table, object_id): named
        for table, ids in wanted.items()
        for object_id, named in _named(table, ids).items()
    }


def _named(table: str, ids: Iterable[str]) -> dict[str, Named]:
    model = models_by_table().get(table)
    if model is None or not model._meta.managed or not stands_here(model):
        return {}
    keys = []
    for object_id in ids:
        try:
            keys.append(model._meta.pk.to_python(object_id))
        except ValidationError:
            continue
    named = {}
    # What a thing is called often has another in it: a visit its patient.
    others = [field.name for field in model._meta.fields if field.many_to_one]
    things = model._default_manager.select_related(*others).in_bulk(keys)
    for pk, thing in things.items():
        page = getattr(thing, "get_absolute_url", None)
        named[str(pk)] = Named(word_object(table), str(thing), page() if page else "")
    return named


def stands_here(model: type[Model]) -> bool:
    """Answer whether the running scope's schema has the model's table."""
    return router.allow_migrate_model(current_scope().alias, model)
