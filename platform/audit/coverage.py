"""Which tables are recorded, and what of them: all but those named here, with the reason.

A table made by a migration gets its triggers from the schema editor. An app adds its own exceptions
in its AppConfig's `ready()`; a table that is neither recorded nor exempt fails the tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections

from tenants import walls
from tenants.operations import ScopeStatements
from tenants.scope import current_scope

_exempt: dict[str, str] = {
    "django_migrations": "which migrations ran, not anybody's data",
    "django_content_type": "a list of the code's own models",
    "auth_permission": "a list made from the code; roles are in accounts.permissions",
    "auth_group": "not used: roles are in accounts.permissions",
    "auth_group_permissions": "not used: roles are in accounts.permissions",
    "tenants_schemascript": "a recording of migrations",
    "tenants_migrationhead": "how far migrations ran, not anybody's data",
}

PATIENT_COLUMN = "patient_id"


@dataclass(frozen=True)
class TableRule:
    """How one table is recorded."""

    subject: str = PATIENT_COLUMN
    withheld: frozenset[str] = frozenset()
    unrecorded: frozenset[str] = frozenset()

    def arguments(self) -> tuple[str, str, str]:
        return (self.subject, ",".join(sorted(self.withheld)), ",".join(sorted(self.unrecorded)))


_rules: dict[str, TableRule] = {
    # The seed of the one-time codes; when one was last used, the log-in's own event says.
    "otp_totp_totpdevice": TableRule(
        withheld=frozenset({"key"}), unrecorded=frozenset({"last_t", "last_used_at", "drift"})
    ),
    "otp_static_staticdevice": TableRule(unrecorded=frozenset({"last_used_at"})),
    "otp_static_statictoken": TableRule(withheld=frozenset({"token"})),
}


def exempt(table: str, reason: str) -> None:
    """Leave a table out of the trail; `reason` is for whoever asks why."""
    _exempt[table] = reason


def exemptions() -> dict[str, str]:
    return dict(_exempt)


def subject(table: str, column: str) -> None:
    """Say which column holds the patient's id where it is not `patient_id`."""
    _change(table, subject=column)


def withhold(table: str, *columns: str) -> None:
    """Record that these columns changed, never their values.

    Columns named like `password` are withheld anyway (audit.functions.SECRET_NAMES).
    """
    _change(table, withheld=rule_of(table).withheld | set(columns))


def unrecorded(table: str, *columns: str) -> None:
    """Leave these columns out: what the machinery counts, not what a person did."""
    _change(table, unrecorded=rule_of(table).unrecorded | set(columns))


def rule_of(table: str) -> TableRule:
    return _rules.get(table, TableRule())


def _change(table: str, **changes: Any) -> None:
    rule = rule_of(table)
    _rules[table] = TableRule(
        **{
            "subject": rule.subject,
            "withheld": rule.withheld,
            "unrecorded": rule.unrecorded,
            **changes,
        }
    )


_TRIGGERS = {
    "audit_insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows",
    "audit_update": (
        "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    ),
    "audit_delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows",
    "audit_truncate": "AFTER TRUNCATE ON {table}",
}


@walls.on_new_table
def trigger_statements(table: str, tenant_id: int) -> list[str]:  # noqa: ARG001 - a hook's signature
    """Answer the statements that put a new table on record.

    A trigger for each kind of statement: PostgreSQL gives old and new rows to no others.
    """
    if table in _exempt:
        return []
    arguments = ", ".join(f"'{argument}'" for argument in rule_of(table).arguments())
    return [
        f"CREATE TRIGGER {name} {head.format(table=_quoted(table))} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION audit_rows({arguments})"
        for name, head in _TRIGGERS.items()
    ]


class RecordTable(ScopeStatements):
    """Puts a table's triggers in line with its rule: for a changed rule or a hand-written table."""

    def __init__(self, table: str) -> None:
        self.table = table

    def statements(self) -> list[str]:
        return [
            *(f"DROP TRIGGER IF EXISTS {name} ON {_quoted(self.table)}" for name in _TRIGGERS),
            *trigger_statements(self.table, current_scope().tenant_id),
        ]

    statements_back = statements

    def describe(self) -> str:
        return f"Record changes of {self.table}"


def _quoted(table: str) -> str:
    return f'"{table}"'


_FOUND = """
SELECT c.relname, coalesce(jsonb_object_agg(t.tgname,
         ARRAY[t.tgenabled::text, encode(t.tgargs, 'escape')])
         FILTER (WHERE p.oid IS NOT NULL), '{}')
  FROM pg_class AS c
  LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
  LEFT JOIN pg_proc AS p ON p.oid = t.tgfoid AND p.proname = 'audit_rows'
   AND p.pronamespace = c.relnamespace
 WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 GROUP BY c.relname ORDER BY c.relname"""


def find_gaps() -> list[str]:
    """Read the running scope's catalogue; answers what is neither exempt nor recorded as said."""
    scope = current_scope()
    with connections[scope.alias].cursor() as cursor:
        cursor.execute(_FOUND, [scope.schema])
        found = cursor.fetchall()
    gaps = []
    for table, triggers in found:
        if table.startswith("audit_"):
            continue
        wanted = {}
        if table not in _exempt:
            arguments = "".join(f"{argument}\\000" for argument in rule_of(table).arguments())
            wanted = {name: ["O", arguments] for name in _TRIGGERS}
        present = json.loads(triggers)
        if present != wanted:
            gaps.append(f"{scope.schema}.{table}: its audit triggers are {present or 'missing'}")
    return gaps


def patient_table() -> str:
    """Answer the table whose rows are the patients themselves, or "" where no app names one."""
    return next((table for table, rule in _rules.items() if rule.subject == "id"), "")


def recorded_tables() -> list[str]:
    """Answer the tables of the running code's models that are recorded, by name."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.db_table not in _exempt
    )
