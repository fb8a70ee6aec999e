"""Bring the shared tables and every clinic's schema to the newest migrations.

Django's executor runs once, on the template clinic, and what it sends is recorded. All other clinics
replay that script; only a step with Python in it is run by the executor for each clinic, inside its
scope. How far each clinic is stands in `public`, so a run with nothing to do asks one question.
"""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython

from tenants import grants, recorded
from tenants.models import MigrationHead, SchemaScript, Tenant
from tenants.scope import Scope, current_scope, entered, public_scope, schema_of
from tenants.walls import create_schema_statements, finishing_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.backends.utils import CursorWrapper

TEMPLATE_ID = 1_999_999_999
"""The template clinic's id: no other text of the recorded SQL can look like it, so replacing it is safe."""

OWNER = "owner"
_NOT_RECORDED = re.compile(r"\s*(SELECT|SHOW|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)


class NotMigratedError(RuntimeError):
    """The database is behind the code."""


@dataclass
class MigrationReport:
    """What a run did: clinics brought forward, clinics already there, and errors by clinic id."""

    migrated: list[int] = field(default_factory=list)
    current: int = 0
    errors: dict[int, str] = field(default_factory=dict)


def tenant_scope_of_id(tenant_id: int) -> Scope:
    return Scope(schema_of(tenant_id), tenant_id, OWNER, f"clinic {tenant_id}")


def migrate_all(
    *, workers: int = 2, say: Callable[[str], None] = lambda _line: None
) -> MigrationReport:
    """Migrate `public`, the template and all clinics. Safe to stop and to run again."""
    migrate_public(say=say)
    heads = refresh_template(say=say)
    report = MigrationReport()
    with public_scope(using=OWNER):
        known = dict(MigrationHead.objects.values_list("tenant_id", "heads"))
        ids = list(Tenant.objects.exclude(state=Tenant.State.CREATING).values_list("pk", flat=True))
        scripts = {script.from_heads: script for script in SchemaScript.objects.all()}
    behind = [pk for pk in ids if known.get(pk) != heads]
    report.current = len(ids) - len(behind)
    if behind:
        say(f"{len(behind)} of {len(ids)} clinics to migrate")
    with ThreadPoolExecutor(max_workers=workers) as pool:
        jobs = {
            pk: pool.submit(_migrate_one, pk, known.get(pk, ""), heads, scripts) for pk in behind
        }
        for pk, job in jobs.items():
            error = job.result()
            if error:
                report.errors[pk] = error
            else:
                report.migrated.append(pk)
    return report


def migrate_public(*, say: Callable[[str], None] = lambda _line: None) -> None:
    """Bring the shared tables to the newest migrations and set the app's rights on them."""
    with public_scope(using=OWNER):
        executor = MigrationExecutor(connections[OWNER])
        targets = _leaves(executor.loader, settings.SHARED_APPS)
        plan = executor.migration_plan(targets)
        if plan:
            say(f"shared tables: {len(plan)} migrations")
        executor.migrate(targets, plan)
        with connections[OWNER].cursor() as cursor:
            for statement in grants.public_statements():
                cursor.execute(statement)


@cache
def heads_digest() -> str:
    """Name the newest migrations of the clinic apps, as 64 hex digits.

    Read from disk once: pages ask for it, and what is installed changes with the process only.
    """
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return _digest(_leaves(loader, settings.TENANT_APPS))


def refresh_template(*, say: Callable[[str], None] = lambda _line: None) -> str:
    """Migrate the template clinic and record the SQL; answers the digest of the heads."""
    heads = heads_digest()
    with public_scope(using=OWNER):
        if SchemaScript.objects.filter(to_heads=heads).exists():
            return heads
        before = MigrationHead.objects.filter(tenant_id=TEMPLATE_ID).first()
    say("recording the template clinic's schema")
    statements: list[str] = []
    with entered(tenant_scope_of_id(TEMPLATE_ID)):
        if before is None:
            execute(f'DROP SCHEMA IF EXISTS "{schema_of(TEMPLATE_ID)}" CASCADE')
            for statement in create_schema_statements(schema_of(TEMPLATE_ID)):
                execute(statement)
        known = recorded.read() if before is None else None
        if known is not None:
            execute(known)
            statements, replayable = [known], True
        else:
            with connections[OWNER].execute_wrapper(_recorder(statements)):
                replayable = run_executor()
            if before is None:
                recorded.keep(";\n".join(statements))
    with public_scope(using=OWNER):
        SchemaScript.objects.create(
            from_heads=before.heads if before else "",
            to_heads=heads,
            sql=";\n".join(statements),
            replayable=replayable or before is None,
        )
        MigrationHead.objects.update_or_create(tenant_id=TEMPLATE_ID, defaults={"heads": heads})
    return heads


def build_schema(tenant_id: int) -> None:
    """Make a clinic's schema by replaying the recorded script; the caller is in its owner's scope."""
    execute(f'DROP SCHEMA IF EXISTS "{schema_of(tenant_id)}" CASCADE')
    for statement in create_schema_statements(schema_of(tenant_id)):
        execute(statement)
    for sql in _scripts_from_nothing():
        execute(sql.replace(str(TEMPLATE_ID), str(tenant_id)))


def record_heads(tenant_id: int, heads: str, error: str = "") -> None:
    with public_scope(using=OWNER):
        MigrationHead.objects.update_or_create(
            tenant_id=tenant_id, defaults={"heads": heads, "error": error}
        )


# One script is about 200 kB: read once per process and set of heads.
_script_cache: dict[str, list[str]] = {}


def load_scripts(heads: str) -> None:
    """Read the way from nothing to `heads`; the caller is in a shared scope.

    Raises NotMigratedError where the code has migrations that this database has not.
    """
    if heads in _script_cache:
        return
    by_target = {script.to_heads: script for script in SchemaScript.objects.all()}
    way: list[str] = []
    at = heads
    while at:
        if at not in by_target:
            raise NotMigratedError(
                "This version of Nexus has newer tables than the database: run `nexus migrate` first."
            )
        way.insert(0, by_target[at].sql)
        at = by_target[at].from_heads
    _script_cache.clear()
    _script_cache[heads] = way


def _scripts_from_nothing() -> list[str]:
    return next(iter(_script_cache.values()))


def _migrate_one(tenant_id: int, at: str, heads: str, scripts: dict[str, SchemaScript]) -> str:
    """Migrate one clinic in one transaction; answers the error's text, or nothing."""
    try:
        with entered(tenant_scope_of_id(tenant_id)):
            way: list[SchemaScript] = []
            step = at
            while step != heads and step in scripts and step:
                way.append(scripts[step])
                step = way[-1].to_heads
            if step == heads and all(script.replayable for script in way):
                for script in way:
                    execute(script.sql.replace(str(TEMPLATE_ID), str(tenant_id)))
            else:
                run_executor()
        record_heads(tenant_id, heads)
    except Exception as error:  # noqa: BLE001 - one clinic's failure is recorded, the others go on
        record_heads(tenant_id, at, error=f"{type(error).__name__}: {error}")
        return f"{type(error).__name__}: {error}"
    finally:
        connections[OWNER].close()
    return ""


def run_executor() -> bool:
    """Run Django's executor in the current scope; answers whether its SQL can be replayed elsewhere."""
    executor = MigrationExecutor(connections[OWNER])
    targets = _leaves(executor.loader, settings.TENANT_APPS)
    plan = executor.migration_plan(targets)
    executor.migrate(targets, plan)
    for statement in finishing_statements(_ask, current_scope().schema):
        execute(statement)
    return not any(
        isinstance(operation, RunPython)
        for migration, _backwards in plan
        for operation in migration.operations
    )


def _leaves(loader: MigrationLoader, app_names: Iterable[str]) -> list[tuple[str, str]]:
    labels = {config.label for config in apps.get_app_configs() if config.name in set(app_names)}
    return sorted(node for node in loader.graph.leaf_nodes() if node[0] in labels)


def _digest(nodes: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256(repr(sorted(nodes)).encode()).hexdigest()


def _recorder(statements: list[str]) -> Callable[..., Any]:
    def record(
        send: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        if not _NOT_RECORDED.match(sql):
            operations = context["connection"].ops
            rows = params if many else [params]
            statements.extend(
                (operations.compose_sql(sql, row) if row is not None else sql).rstrip("; \n")
                for row in rows
            )
        return send(sql, params, many, context)

    return record


def _ask(query: str, params: tuple[str, ...]) -> list[tuple[str, ...]]:
    cursor: CursorWrapper
    with connections[OWNER].cursor() as cursor:
        cursor.execute(query, params)
        rows: list[tuple[str, ...]] = cursor.fetchall()
        return rows


def execute(sql: str) -> None:
    cursor: CursorWrapper
    with connections[OWNER].cursor() as cursor:
        cursor.execute(sql)
