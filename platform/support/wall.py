"""The wall in the database against what a visitor may not change: a trigger on every table.

`nexus.hand`, set with the scope, says what somebody of the platform was let in for. Where it is `reads`,
no statement that changes a row runs, whoever sends it and by whatever way; in the tables of `CLOSED`
none runs for any visitor. After each run of the migrations the catalogue is read, and a table that has
no such trigger gets one. It costs a comparison for each statement that changes something, and nothing
for those that read.

Left alone are the audit trail, which has to take what the visitor does, and sessions, of which a policy
leaves visitors their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenants.isolation import ask
from tenants.operations import ScopeStatements
from tenants.scope import current_scope

if TYPE_CHECKING:
    from tenants.isolation import IsolationReport
    from tenants.models import Tenant
    from tenants.walls import Ask

SESSIONS = "accounts_session"
LEFT_ALONE = re.compile(rf"audit_\w+|{SESSIONS}|django_migrations|decision_support_prompt")
"""Tables without the trigger. What prompts a record has is worked out when it is looked at."""
CLOSED = re.compile(r"accounts_\w+|otp_\w+|support_\w+|connections_connection|takeout_\w+|auth_\w+")
"""People, grants, other services' secrets, exports: closed to every visitor."""
DERIVED = re.compile(r"mv_patient_summary|patients_summarymark")
"""Made anew from other tables when somebody looks, by a function that runs as the owner: by that alone."""
LOOKS, NEVER, DIRECT = "visitor_looks", "visitor_never", "visitor_direct"
POLICY = "own_session_of_visitor"

_HAND = "current_setting('nexus.hand', true)"
_WHEN = {
    LOOKS: f"{_HAND} = 'reads'",
    NEVER: f"{_HAND} <> ''",
    DIRECT: f"{_HAND} = 'reads' AND current_user = 'nexus_app'",
}
GUARD = """
CREATE OR REPLACE FUNCTION "{schema}".refuse_visitor() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
  RAISE EXCEPTION 'Support was not let in for this: % of % is refused.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'read_only_sql_transaction';
END $refuse$
"""
_OWN_SESSION = (
    'CREATE POLICY {policy} ON "{schema}"."{table}" AS RESTRICTIVE FOR ALL TO nexus_app '
    "USING (coalesce((SELECT {hand}), '') = '' OR user_id::text = "
    "(SELECT current_setting('nexus.actor', true)))"
)
_FOUND = """
SELECT c.relname, coalesce(string_agg(t.tgname, ','), '') FROM pg_class c
LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgenabled = 'O'
  AND t.tgname IN ('visitor_looks', 'visitor_never', 'visitor_direct')
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY c.relname ORDER BY c.relname
"""
_READY = """
SELECT 'function' FROM pg_proc WHERE pronamespace = to_regnamespace(%s) AND proname = 'refuse_visitor'
UNION ALL SELECT 'policy' FROM pg_policies WHERE schemaname = %s AND policyname = 'own_session_of_visitor'
"""


class MakeGuard(ScopeStatements):
    """Makes the function that the triggers of the running scope's schema call."""

    def statements(self) -> list[str]:
        schema = current_scope().schema
        return [
            GUARD.format(schema=schema),
            _OWN_SESSION.format(policy=POLICY, schema=schema, table=SESSIONS, hand=_HAND),
        ]

    def statements_back(self) -> list[str]:
        schema = current_scope().schema
        return [
            f'DROP POLICY {POLICY} ON "{schema}"."{SESSIONS}"',
            f'DROP FUNCTION "{schema}".refuse_visitor() CASCADE',
        ]

    def describe(self) -> str:
        return "Make what refuses visitors' changes"


def wanted_guard(table: str) -> str:
    """Name the trigger that a table should have; "" for those left alone."""
    if LEFT_ALONE.fullmatch(table):
        return ""
    if DERIVED.fullmatch(table):
        return DIRECT
    return NEVER if CLOSED.fullmatch(table) else LOOKS


def missing_guards(ask: Ask, schema: str) -> list[str]:
    """Answer what puts up the triggers that do not stand yet, and takes down what should not."""
    if ("function",) not in ask(_READY, (schema, schema)):
        return []
    statements = []
    for table, found in ask(_FOUND, (schema,)):
        standing, wanted = set(filter(None, found.split(","))), wanted_guard(table)
        on = f'ON "{schema}"."{table}"'
        statements += [f"DROP TRIGGER {name} {on}" for name in sorted(standing - {wanted})]
        if wanted and wanted not in standing:
            statements.append(
                f"CREATE TRIGGER {wanted} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE {on} "
                f'FOR EACH STATEMENT WHEN ({_WHEN[wanted]}) EXECUTE FUNCTION "{schema}".refuse_visitor()'
            )
    return statements


def check_guards(report: IsolationReport, tenant: Tenant) -> None:
    """Compare the triggers with what should stand, for `nexus isolation check`."""
    schema = tenant.schema_name
    ready = ask(_READY, (schema, schema))
    tables = ask(_FOUND, (schema,))
    report.expect(
        sorted(ready) == [("function",), ("policy",)],
        f"{schema}: nothing refuses visitors' changes",
    )
    for table, found in tables:
        report.expect(
            found == wanted_guard(table),
            f"{schema}.{table}: its guard against visitors is {found or 'missing'}",
        )
