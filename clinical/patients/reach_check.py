"""Does the support coordinators' wall stand? Part of `nexus isolation check`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import connections
from psycopg import sql

from accounts.models import User
from clinical.patients.reach import ASSIGNMENTS, walls_that_lack, wanted_walls
from tenants.isolation import ask, expect_nothing
from tenants.scope import act_as, current_scope, entered, scope_of

if TYPE_CHECKING:
    from tenants.isolation import IsolationReport
    from tenants.models import Tenant


_PAST_THE_WALL = """
SELECT p.proname, p.prosrc FROM pg_proc p
WHERE p.pronamespace = to_regnamespace(%s) AND p.prosecdef AND pg_get_userbyid(p.proowner) = 'nexus_search'
AND has_function_privilege('nexus_app', p.oid, 'EXECUTE')
"""
_VIEWS = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'v'
AND has_table_privilege('nexus_app', c.oid, 'SELECT')
AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
"""


def check_reach(report: IsolationReport, tenant: Tenant) -> None:
    """Read whether each table's wall stands, then try it as a coordinator to whom nobody is assigned."""
    schema = tenant.schema_name
    tables = sorted(wanted_walls(ask, schema))
    lacking = walls_that_lack(ask, schema)
    report.checks += len(tables)
    report.findings += [
        f"{schema}.{table}: no wall for coordinators, or an old one" for table in lacking
    ]
    report.checks += 2
    for name, source in ask(_PAST_THE_WALL, (schema,)):
        if "acts_for_assigned_only" not in source and any(table in source for table in tables):
            report.findings.append(f"{schema}.{name}: steps over the policies, coordinators or not")
    for (name,) in ask(_VIEWS, (schema,)):
        report.findings.append(
            f"{schema}.{name}: a view with its owner's sight, coordinators or not"
        )
    with entered(scope_of(tenant)):
        coordinator = User.objects.create(
            email="isolation.check@example.invalid",
            name="Isolation check",
            role=User.Role.COORDINATOR,
        )
        act_as(replace(current_scope().actor, id=str(coordinator.pk), label=coordinator.name))
        User.objects.exists()  # the next statement carries the new stamp to the raw ones below
        raw = connections["default"].connection
        for table in tables:
            name = sql.Identifier(schema, table)
            for verb, statement in (
                ("reads", "SELECT 1 FROM {} LIMIT 1"),
                ("updates", "UPDATE {} SET tenant_id = tenant_id RETURNING 1"),
                ("deletes from", "DELETE FROM {} RETURNING 1"),
            ):
                probe = sql.SQL(statement).format(name)
                expect_nothing(report, raw, probe, f"{schema}: a coordinator {verb} {table}")
        assign = sql.SQL(
            "INSERT INTO {} (id, user_id, patient_id, created_at) "
            "VALUES (gen_random_uuid(), {}, gen_random_uuid(), now()) RETURNING 1"
        ).format(sql.Identifier(schema, ASSIGNMENTS), sql.Literal(coordinator.pk))
        expect_nothing(
            report, raw, assign, f"{schema}: a coordinator assigns somebody to themselves"
        )
        connections["default"].set_rollback(True)
