"""The clinic's tables as the database sees them: their rows by key, and who refers to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import connections
from psycopg import sql

from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.db.models import Model

Keys = dict[str, set[str]]
"""Table → keys of rows, as text."""

_NOT_OURS = frozenset({"audit", "otp_static", "otp_totp", "demo_data", "checklist"})
"""Apps whose rows no demo data is: what people do, how they sign in, and this itself."""

_PASSING = frozenset({"patients_summarymark", "accounts_session"})
"""Tables of what passes: what is to be worked out anew (triggers write it, also about rows that go)."""


@dataclass(frozen=True)
class Reference:
    """A column of one table that names rows of another."""

    table: str
    column: str
    target: str


@cache
def key_columns() -> Mapping[str, str]:
    """Answer the tables that can hold demo data, each with the column of its key."""
    return {model._meta.db_table: str(model._meta.pk.column) for model in _models()}


@cache
def references() -> tuple[Reference, ...]:
    """Answer every foreign key among these tables."""
    known = key_columns()
    return tuple(
        Reference(model._meta.db_table, str(field.column), field.related_model._meta.db_table)
        for model in _models()
        for field in model._meta.concrete_fields
        if field.is_relation
        and field.related_model is not None
        and field.related_model._meta.db_table in known
    )


def _models() -> Iterator[type[Model]]:
    for config in apps.get_app_configs():
        if config.name in settings.TENANT_APPS and config.label not in _NOT_OURS:
            for model in config.get_models(include_auto_created=True):
                is_ours = model._meta.managed and not model._meta.proxy
                if is_ours and model._meta.db_table not in _PASSING:
                    yield model


def all_keys() -> Keys:
    """Answer the keys of all rows, in one question."""
    parts = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, {}::text FROM {}").format(
            sql.Literal(table), sql.Identifier(column), sql.Identifier(table)
        )
        for table, column in key_columns().items()
    )
    found: Keys = {}
    for table, key in _rows(parts):
        found.setdefault(table, set()).add(key)
    return found


def referring(reference: Reference, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Answer (key of the row, key it names) of the rows that name one of `keys`."""
    query = sql.SQL("SELECT {}::text, {}::text FROM {} WHERE {}::text = ANY (%s)").format(
        sql.Identifier(key_columns()[reference.table]),
        sql.Identifier(reference.column),
        sql.Identifier(reference.table),
        sql.Identifier(reference.column),
    )
    return [(row[0], row[1]) for row in _rows(query, [list(keys)])]


def named_by(reference: Reference, keys: Iterable[str]) -> set[str]:
    """Answer what the rows with `keys` name by this column."""
    query = sql.SQL("SELECT DISTINCT {}::text FROM {} WHERE {}::text = ANY (%s)").format(
        sql.Identifier(reference.column),
        sql.Identifier(reference.table),
        sql.Identifier(key_columns()[reference.table]),
    )
    return {key for (key,) in _rows(query, [list(keys)]) if key is not None}


def delete(table: str, keys: Iterable[str]) -> int:
    """Delete these rows; the foreign keys are looked at when the transaction ends."""
    query = sql.SQL("DELETE FROM {} WHERE {}::text = ANY (%s)").format(
        sql.Identifier(table), sql.Identifier(key_columns()[table])
    )
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(query, [list(keys)])
        return int(cursor.rowcount)


def _rows(query: sql.Composable, params: list[list[str]] | None = None) -> list[tuple[str, ...]]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())
