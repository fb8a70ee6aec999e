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


def check_reach(report: IsolationReport, tenant: Tenant) -> None:
    """Read whether each table's wall stands, then try it as a coordinator to whom nobody is assigned."""
    schema = tenant.schema_name
    tables = sorted(wanted_walls(ask, schema))
    lacking = walls_that_lack(ask, schema)
    report.checks += len(tables)
    report.findings += [
        f"{schema}.{table}: no wall for coordinators, or an old one" for table in lacking
    ]
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
