"""Bring the shared tables and every clinic's schema to the newest migrations.

Django's executor runs once, on the template clinic, and what it sends is recorded. All other clinics
replay that script (`tenants.rollout`); only a step with Python in it is run by the executor for each
clinic, inside its scope. A new clinic gets the outcome of it all (`tenants.blueprint`). How far each
clinic is stands in `public`, so a run with nothing to do asks one question.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython

from tenants import blueprint, grants, recorded
from tenants.executor import FrugalExecutor
from tenants.models import MigrationHead, SchemaScript
from tenants.scope import Scope, current_scope, entered, public_scope, schema_of, scope_of_id
from tenants.walls import create_schema_statements, finishing_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.backends.utils import CursorWrapper

TEMPLATE_ID = 1_999_999_999
"""The template clinic's id: no other text of the recorded SQL can look like it, so replacing it is safe."""

log = logging.getLogger(__name__)

OWNER = "owner"
RECORDING = 7_110_001
"""The advisory lock of whoever records the template."""
SHORT = 16
_NOT_RECORDED = re.compile(r"\s*(SELECT|SHOW|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)


class NotMigratedError(RuntimeError):
    """The database is behind the code."""


@dataclass
class MigrationReport:
    """What a run did: clinics brought forward, clinics already there, and errors by clinic id."""

    migrated: list[int] = field(default_factory=list)
    current: int = 0
    errors: dict[int, str] = field(default_factory=dict)
    left: int = 0
    """Clinics that were not begun, because others before them had failed."""


def tenant_scope_of_id(tenant_id: int) -> Scope:
    return scope_of_id(tenant_id, using=OWNER)


def migrate_all(
    *,
    workers: int = 2,
    stop_after: int | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> MigrationReport:
    """Migrate `public`, the template and all clinics. Safe to stop and to run again."""
    from tenants import rollout  # which stands on this module

    migrate_public(say=say)
    heads = refresh_template(say=say)
    limit = rollout.STOP_AFTER if stop_after is None else stop_after
    return rollout.migrate_clinics(heads, workers=workers, stop_after=limit, say=say)


def migrate_public(*, say: Callable[[str], None] = lambda _line: None) -> None:
    """Bring the shared tables to the newest migrations and set the app's rights on them."""
    with public_scope(using=OWNER):
        # Django's executor lists every table of every clinic to learn whether its own is there.
        if not (has_record() and has_everything(settings.SHARED_APPS)):
            executor = FrugalExecutor(connections[OWNER])
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
    return _digest(_leaves(_loader(), settings.TENANT_APPS))


@cache
def _loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def has_record() -> bool:
    """Say whether migrations have ever run in `public`."""
    return ask("SELECT to_regclass('public.django_migrations') IS NOT NULL", ()) == [(True,)]


def applied_migrations() -> set[tuple[str, str]]:
    """Answer what stands in the running scope's own record."""
    return set(ask("SELECT app, name FROM django_migrations", ()))


def has_everything(app_names: Iterable[str] | None = None) -> bool:
    """Say whether all migrations of these apps stand in the running scope's own record.

    Without names, of the clinic apps.
    """
    labels = _labels(settings.TENANT_APPS if app_names is None else app_names)
    wanted = {node for node in _loader().disk_migrations if node[0] in labels}
    return wanted <= applied_migrations()


def refresh_template(*, say: Callable[[str], None] = lambda _line: None) -> str:
    """Migrate the template clinic and record the SQL; answers the digest of the heads.

    The template, its script and how far it is change in one transaction, so a crash leaves none of them.
    """
    heads = heads_digest()
    with public_scope(using=OWNER):
        if SchemaScript.objects.filter(to_heads=heads).exists():
            return heads
    say("recording the template clinic's schema")
    with entered(tenant_scope_of_id(TEMPLATE_ID)):
        ask("SELECT pg_advisory_xact_lock(%s)", (RECORDING,))
        if ask("SELECT 1 FROM public.tenants_schemascript WHERE to_heads = %s", (heads,)):
            return heads  # another one has recorded it meanwhile
        before = ask(
            "SELECT heads, past FROM public.tenants_migrationhead WHERE tenant_id = %s",
            (TEMPLATE_ID,),
        )
        at, past = before[0] if before else ("", "")
        script = _advance_template(at) if before else _make_template()
        ask(
            "INSERT INTO public.tenants_schemascript (from_heads, to_heads, sql, whole, replayable, "
            "recorded_at) VALUES (%s, %s, %s, %s, %s, now()) RETURNING 1",
            (at, heads, script.sql, script.whole, script.replayable),
        )
        set_heads(TEMPLATE_ID, heads, past=longer_past(past, at))
    return heads


@dataclass
class Script:
    """What has been recorded: the way from the heads before, and the way from nothing."""

    sql: str
    whole: str
    replayable: bool = True


def _make_template() -> Script:
    execute(f'DROP SCHEMA IF EXISTS "{schema_of(TEMPLATE_ID)}" CASCADE')
    for statement in create_schema_statements(schema_of(TEMPLATE_ID)):
        execute(statement)
    whole = recorded.read()
    if whole is not None:
        execute(whole)
        return Script("", whole)
    history, _replayable = _recorded_run()
    whole = _outcome() or history
    recorded.keep(whole)
    return Script("", whole)


def refuse_unknown() -> None:
    """Raise NotMigratedError where the running scope has migrations that this version has not."""
    unknown = applied_migrations() - set(_loader().disk_migrations)
    if unknown:
        label, name = min(unknown)
        raise NotMigratedError(
            f"The database has been migrated by another version of Nexus: {label}.{name} is not part "
            "of this one. Run a version that has it."
        )


def _advance_template(at: str) -> Script:
    refuse_unknown()
    sql, replayable = _recorded_run()
    return Script(sql, _outcome(), replayable) if at else Script("", _outcome() or sql)


def _recorded_run() -> tuple[str, bool]:
    statements: list[str] = []
    with connections[OWNER].execute_wrapper(_recorder(statements)):
        replayable = run_executor()
    return ";\n".join(statements), replayable


def _outcome() -> str:
    """Answer the running scope's schema as one script, or nothing where only its history will do."""
    try:
        return ";\n".join(blueprint.statements())
    except blueprint.UnknownThingError as error:
        log.warning("new clinics replay the history: %s cannot be written down", error)
        return ""


def stands(tenant_id: int) -> bool:
    """Say whether a clinic's schema is there; the caller is in a scope of the owner's."""
    return ask("SELECT to_regnamespace(%s) IS NOT NULL", (schema_of(tenant_id),)) == [(True,)]


def is_built(tenant_id: int, heads: str) -> bool:
    """Say whether a clinic's schema is there and on record as being at `heads`; in a shared scope."""
    on_record = MigrationHead.objects.filter(tenant_id=tenant_id, heads=heads, error="")
    return on_record.exists() and stands(tenant_id)


def build_schema(tenant_id: int) -> None:
    """Make a clinic's schema by the recorded script; the caller is in its owner's scope."""
    execute(f'DROP SCHEMA IF EXISTS "{schema_of(tenant_id)}" CASCADE')
    for statement in create_schema_statements(schema_of(tenant_id)):
        execute(statement)
    for sql in _scripts_from_nothing():
        execute(sql.replace(str(TEMPLATE_ID), str(tenant_id)))


_built = count(1)
KEPT_FOR = 10
"""So many clinics are built over one connection."""


def let_go() -> None:
    """End the owner's connection now and then: its server process keeps what it knows of all it built.

    With a hundred clinics everything it does takes a quarter longer; a new one reads the catalogue anew,
    which takes a tenth of a clinic's time.
    """
    connection = connections[OWNER]
    if next(_built) % KEPT_FOR == 0 and not connection.in_atomic_block:
        connection.close()


def record_heads(tenant_id: int, heads: str, error: str = "") -> None:
    """Write how far a clinic's schema is, from outside its scope."""
    with public_scope(using=OWNER):
        if error:
            MigrationHead.objects.update_or_create(
                tenant_id=tenant_id, defaults={"error": error[:2000]}, create_defaults={
                    "heads": heads, "error": error[:2000],
                },
            )  # fmt: skip
            return
        past = MigrationHead.objects.filter(tenant_id=TEMPLATE_ID, heads=heads)
        MigrationHead.objects.update_or_create(
            tenant_id=tenant_id,
            defaults={
                "heads": heads,
                "error": "",
                "past": past.values_list("past", flat=True).first() or "",
            },
        )


def set_heads(tenant_id: int, heads: str, *, past: str) -> None:
    """Write how far a clinic's schema is, in the transaction that has brought it there."""
    ask(
        "INSERT INTO public.tenants_migrationhead (tenant_id, heads, past, error, migrated_at) "
        "VALUES (%s, %s, %s, '', now()) ON CONFLICT (tenant_id) DO UPDATE SET "
        "heads = excluded.heads, past = excluded.past, error = '', migrated_at = now() RETURNING 1",
        (tenant_id, heads, past),
    )


def longer_past(past: str, heads: str) -> str:
    """Add the heads that a schema leaves behind to what it has been."""
    return " ".join([*past.split(), heads[:SHORT]] if heads else past.split())


def can_be_served(heads: str, past: str) -> bool:
    """Say whether this code can work with a schema: at its own migrations, or at later ones.

    Migrations only add as long as a version before may still run, so an older version serves a clinic
    that a newer one has migrated; what is newer than a clinic's schema would ask for what is not there.
    """
    mine = heads_digest()
    return heads == mine or mine[:SHORT] in past.split()


# Half a megabyte: read once per process and set of heads.
_script_cache: dict[str, list[str]] = {}


def load_scripts(heads: str) -> None:
    """Read the way from nothing to `heads`; the caller is in a shared scope.

    Raises NotMigratedError where the code has migrations that this database has not.
    """
    if heads in _script_cache:
        return
    way: list[str] = []
    at = heads
    while at:
        script = SchemaScript.objects.filter(to_heads=at).first()
        if script is None:
            raise NotMigratedError(
                "This version of Nexus has newer tables than the database: run `nexus migrate` first."
            )
        way.insert(0, script.whole or script.sql)
        at = "" if script.whole else script.from_heads
    _script_cache.clear()
    _script_cache[heads] = way


def _scripts_from_nothing() -> list[str]:
    return next(iter(_script_cache.values()))


def run_executor() -> bool:
    """Run Django's executor in the current scope; answers whether its SQL can be replayed elsewhere."""
    executor = FrugalExecutor(connections[OWNER])
    targets = _leaves(executor.loader, settings.TENANT_APPS)
    plan = executor.migration_plan(targets)
    executor.migrate(targets, plan)
    for statement in finishing_statements(ask, current_scope().schema):
        execute(statement)
    return not any(
        isinstance(operation, RunPython)
        for migration, _backwards in plan
        for operation in migration.operations
    )


def _leaves(loader: MigrationLoader, app_names: Iterable[str]) -> list[tuple[str, str]]:
    labels = _labels(app_names)
    return sorted(node for node in loader.graph.leaf_nodes() if node[0] in labels)


def _labels(app_names: Iterable[str]) -> set[str]:
    names = set(app_names)
    return {config.label for config in apps.get_app_configs() if config.name in names}


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


def ask(query: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    cursor: CursorWrapper
    with connections[OWNER].cursor() as cursor:
        cursor.execute(query, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def execute(sql: str) -> None:
    cursor: CursorWrapper
    with connections[OWNER].cursor() as cursor:
        cursor.execute(sql)
