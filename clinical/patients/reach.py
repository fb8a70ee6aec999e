"""The support coordinators' wall in the database: on every table that tells of a patient, by itself.

Beside the selectors: whatever query a coordinator's session sends, rows about participants who are not
assigned to them do not exist. After each run of the migrations the catalogue is read; a table gets one
restrictive policy, and a new one when what it refers to has changed:

- with a column that names a patient: the rows of assigned patients;
- without one, but below such a table (a version of a note): the rows whose row above is seen;
- in `CLOSED`: none at all, because whose rows they are cannot be told.

Everybody else is let through by the first condition, a setting read once a statement: `nexus.reach` is
`all` where the person's permission to see patients goes so far. Where it says nothing (a task, a scope
that was opened otherwise), the database looks the person's role up itself.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tenants.walls import Ask

NAME = "assigned_only"
PATIENTS = "patients_patient"
ASSIGNMENTS = "patients_coordinatorassignment"
ALLOWED = "assigned_patients"

CLOSED = re.compile(
    r"documents_(document|imagebatch|upload)|imports_\w+|takeout_\w+|reports_\w+|rights_\w+|"
    r"audit_payload"
)
"""Tables of which a coordinator sees no row: files, reports, what was imported, what stood where."""
OWN_EVENTS = re.compile(r"audit_event(_\w+)?")
"""Of the trail a coordinator sees what they did themselves."""

_ALL = "(SELECT current_setting('nexus.reach', true)) = 'all'"
_NOT_ASSIGNED_ONLY = f"{_ALL} OR NOT (SELECT {{schema}}.acts_for_assigned_only())"
_ACTOR = "(SELECT current_setting('nexus.actor', true))"

ASSIGNED_PATIENTS = (
    f"CREATE OR REPLACE FUNCTION {{schema}}.{ALLOWED}() RETURNS uuid[] LANGUAGE sql STABLE "  # noqa: S608 - names of this module
    f"AS $assigned$ SELECT coalesce(array_agg(a.patient_id), '{{{{}}}}') FROM {{schema}}.{ASSIGNMENTS} a "
    "WHERE a.user_id::text = current_setting('nexus.actor', true) $assigned$"
)

_REFERENCES = """
SELECT c.relname, a.attname, f.relname, fa.attname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
JOIN pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = k.confkey[1]
WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND c.relnamespace = to_regnamespace(%s)
UNION
SELECT c.relname, a.attname, 'patients_patient', 'id'
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p')
  AND a.attname = 'patient_id' AND a.atttypid = 'uuid'::regtype
UNION
SELECT c.relname, '', '', '' FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p')
"""
_POLICIES = """
SELECT c.relname, p.polname, coalesce(obj_description(p.oid, 'pg_policy'), '')
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = to_regnamespace(%s) AND NOT p.polpermissive AND p.polname LIKE 'assigned\\_only%%'
"""
_FUNCTIONS = (
    "SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace(%s) "
    "AND proname IN ('acts_for_assigned_only', 'assigned_patients')"
)


@dataclass(frozen=True)
class Wall:
    """What a table's policies say; `writes` is what else they say of its changes."""

    table: str
    sees: str
    writes: str = ""

    @property
    def mark(self) -> str:
        """Name the text, so that a changed one is put up anew."""
        text = f"{self.sees}|{self.writes}"
        return f"reach {hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def statements(self) -> Iterator[str]:
        """Answer how it is put up; `{schema}` stands for the clinic's."""
        on = f'ON {{schema}}."{self.table}"'

        def policy(name: str, verb: str, clause: str) -> Iterator[str]:
            yield f"DROP POLICY IF EXISTS {name} {on}"
            yield f"CREATE POLICY {name} {on} AS RESTRICTIVE FOR {verb} TO nexus_app {clause}"

        yield from policy(NAME, "SELECT" if self.writes else "ALL", f"USING ({self.sees})")
        for verb, clause in (("INSERT", "WITH CHECK"), ("UPDATE", "USING"), ("DELETE", "USING")):
            if self.writes:
                yield from policy(f"{NAME}_{verb.lower()}", verb, f"{clause} ({self.writes})")
        yield f"COMMENT ON POLICY {NAME} {on} IS '{self.mark}'"


def wanted_walls(ask: Ask, schema: str) -> dict[str, Wall]:
    """Answer, by table, the walls that should stand in a schema, from what its tables refer to."""
    references: dict[str, dict[str, tuple[str, str]]] = {}
    for table, column, target, key in ask(_REFERENCES, (schema, schema, schema)):
        columns = references.setdefault(table, {})
        if column:
            columns[column] = (target, key)
    walls = {table: wall for table in references if (wall := _own_wall(table, references[table]))}
    while below := {
        table: _wall_below(table, above)
        for table, columns in references.items()
        if table not in walls
        if (above := {name: to for name, to in columns.items() if to[0] in walls})
    }:
        walls |= below
    return walls


def missing_statements(ask: Ask, schema: str) -> list[str]:
    """Answer what puts up the walls that do not stand yet, or stand with another text."""
    functions = {row[0] for row in ask(_FUNCTIONS, (schema,))}
    if "acts_for_assigned_only" not in functions:
        return []
    standing = {row[0]: row[2] for row in ask(_POLICIES, (schema,)) if row[1] == NAME}
    statements = [] if ALLOWED in functions else [ASSIGNED_PATIENTS]
    for table, wall in sorted(wanted_walls(ask, schema).items()):
        if standing.get(table) != wall.mark:
            statements += wall.statements()
    return [statement.format(schema=f'"{schema}"') for statement in statements]


def walls_that_lack(ask: Ask, schema: str) -> list[str]:
    """Answer the tables whose wall does not stand as it should, for `nexus isolation check`."""
    standing = {row[0]: row[2] for row in ask(_POLICIES, (schema,)) if row[1] == NAME}
    wanted = wanted_walls(ask, schema)
    return sorted(table for table, wall in wanted.items() if standing.get(table) != wall.mark)


def _own_wall(table: str, columns: dict[str, tuple[str, str]]) -> Wall | None:
    if table == PATIENTS:
        return Wall(table, f"{_NOT_ASSIGNED_ONLY} OR {_is_assigned('id')}")
    if table == ASSIGNMENTS:
        # A coordinator reads their own, which the other walls rely on, and gives themselves none.
        own = f"{_NOT_ASSIGNED_ONLY} OR user_id::text = {_ACTOR}"
        return Wall(table, own, writes=_NOT_ASSIGNED_ONLY)
    if CLOSED.fullmatch(table):
        return Wall(table, _NOT_ASSIGNED_ONLY)
    if OWN_EVENTS.fullmatch(table):
        return Wall(table, f"{_NOT_ASSIGNED_ONLY} OR actor_id = {_ACTOR}")
    names = sorted(name for name, (target, _key) in columns.items() if target == PATIENTS)
    if not names:
        return None
    return Wall(table, f"{_NOT_ASSIGNED_ONLY} OR {_each(names, _is_assigned)}")


def _wall_below(table: str, above: dict[str, tuple[str, str]]) -> Wall:
    def is_seen(name: str) -> str:
        target, key = above[name]
        return (
            f'EXISTS (SELECT FROM {{schema}}."{target}" above '
            f'WHERE above."{key}" = "{table}"."{name}")'
        )

    return Wall(table, f"{_NOT_ASSIGNED_ONLY} OR {_each(sorted(above), is_seen)}")


def _is_assigned(column: str) -> str:
    return f'"{column}" = ANY ((SELECT {{schema}}.{ALLOWED}())::uuid[])'


def _each(names: Iterable[str], condition: Callable[[str], str]) -> str:
    """Ask it of each column that says something, and of one at least."""
    names = list(names)
    if len(names) == 1:
        return condition(names[0])
    each = " AND ".join(f'("{name}" IS NULL OR {condition(name)})' for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    return f"(num_nonnulls({columns}) > 0 AND {each})"
