"""Does the wall stand? The catalogue is read, then the wall is tried, on the running installation.

Catalogue checks say what PostgreSQL has been told; probes ask what it does. A probe runs as nexus_app
in a transaction that is rolled back, and counts as a leak whatever it sees or changes of another clinic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connections
from psycopg import sql

from tenants.grants import PLATFORM_READS_ONLY
from tenants.migrate import OWNER as OWNER_ALIAS
from tenants.migrate import TEMPLATE_ID, heads_digest
from tenants.models import MigrationHead, Tenant
from tenants.roles import CLOSED_FUNCTIONS
from tenants.scope import entered, public_scope, schema_of, scope_of
from tenants.walls import APP, BACKUP, OWNER, PLATFORM, POLICY_NAME, SEARCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NORMAL_POLICY = (
    "(tenant_id = ( SELECT (current_setting('rls.tenant_id'::text))::integer AS current_setting))"
)
WRITES = ("INSERT", "UPDATE", "DELETE")
DRILL_ID = 1_999_999_998
"""The throw-away clinic of a restore drill: its schema stands for seconds, and has no row."""


@dataclass
class IsolationReport:
    """What was looked at, what was tried, what was found wrong. `ok` only when nothing was."""

    clinics: int = 0
    tables: int = 0
    checks: int = 0
    probes: int = 0
    leaks: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.leaks and not self.findings

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "ok": self.ok, "leak_count": len(self.leaks)}

    def expect(self, condition: object, finding: str) -> None:
        self.checks += 1
        if not condition:
            self.findings.append(finding)


_more_checks: list[Callable[[IsolationReport, Tenant], None]] = []


def also_check(check: Callable[[IsolationReport, Tenant], None]) -> None:
    """Add a check of each clinic, from an app's `ready()`: the walls that only it knows of."""
    if check not in _more_checks:
        _more_checks.append(check)


def check_isolation(*, subdomains: Iterable[str] = ()) -> IsolationReport:
    """Check all clinics, or those named, against the catalogue, the template and live probes."""
    report = IsolationReport()
    with public_scope(using=OWNER_ALIAS):
        with_tables = Tenant.objects.exclude(state__in=["creating", "deleted"])
        tenants = list(with_tables.filter(cluster=""))  # another database has walls of its own
        heads = dict(MigrationHead.objects.values_list("tenant_id", "heads"))
    wanted = set(subdomains)
    chosen = [tenant for tenant in tenants if not wanted or tenant.subdomain in wanted]
    _check_roles(report)
    _check_public(report)
    _check_stray_schemas(report, {tenant.schema_name for tenant in tenants})
    template = _schema_shape(TEMPLATE_ID)
    now = heads_digest()
    for tenant in chosen:
        report.clinics += 1
        report.expect(
            heads.get(tenant.pk) == now, f"{tenant.subdomain}: not at the newest migrations"
        )
        _check_clinic(report, tenant, template)
        _probe(report, tenant, [other for other in tenants if other.pk != tenant.pk])
        for check in _more_checks:
            check(report, tenant)
    return report


# ── the catalogue ────────────────────────────────────────────────────────────────────────────────


def ask(query: str, params: tuple[Any, ...] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Read the catalogue as the owner."""
    with public_scope(using=OWNER_ALIAS), connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(query, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _check_roles(report: IsolationReport) -> None:
    found = {
        row[0]: row[1:]
        for row in ask(
            "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb "
            "FROM pg_roles WHERE rolname LIKE 'nexus\\_%%'"
        )
    }
    expected = {
        OWNER: (False, False, True, False, False),
        APP: (False, False, True, False, False),
        PLATFORM: (False, False, True, False, False),
        BACKUP: (False, True, True, False, False),
        SEARCH: (False, True, False, False, False),
    }
    for role, attributes in expected.items():
        report.expect(
            found.get(role) == attributes,
            f"role {role}: (super, bypassrls, login, createrole, createdb) is {found.get(role)}, "
            f"should be {attributes}",
        )
    memberships = ask(
        "SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        "JOIN pg_roles m ON m.oid = a.member WHERE m.rolname LIKE 'nexus\\_%%'"
    )
    report.expect(
        set(memberships) <= {(SEARCH, OWNER)}, f"unexpected role memberships: {memberships}"
    )
    defaults = ask(
        "SELECT setrole::regrole::text, setting FROM pg_db_role_setting, unnest(setconfig) AS setting "
        "WHERE setting ~* '^(search_path|role|row_security|rls\\.|nexus\\.)' AND setdatabase IN "
        "(0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    report.expect(not defaults, f"a role or database presets whose data it reads: {defaults}")


def _check_public(report: IsolationReport) -> None:
    for schema in ("public", "ext"):
        for role in (APP, PLATFORM):
            may_create = ask("SELECT has_schema_privilege(%s, %s, 'CREATE')", (role, schema))
            report.expect(may_create == [(False,)], f"{role} may create objects in {schema}")
    temporary = ask("SELECT has_database_privilege(%s, current_database(), 'TEMP')", (APP,))
    report.expect(temporary == [(False,)], f"{APP} may create temporary tables")
    people = ask(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p') AND c.relname LIKE 'accounts%%' "
        "AND has_table_privilege(%s, c.oid, 'SELECT')",
        (APP,),
    )
    report.expect(not people, f"{APP} may read the operators' tables {people}")
    names = {
        "app": APP,
        "platform": PLATFORM,
        "read_only": list(PLATFORM_READS_ONLY),
        "closed": list(CLOSED_FUNCTIONS),
    }
    for finding, query in PUBLIC_FINDINGS.items():
        found = ask(query, names)
        report.expect(not found, finding.format(", ".join(sorted(row[0] for row in found))))


PUBLIC_FINDINGS = {
    "shared tables without a wall that the app may use: {}": """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relrowsecurity
AND has_table_privilege(%(app)s, c.oid, 'SELECT, INSERT, UPDATE, DELETE')""",
    "sequences in public that the app may use: {}": """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(%(app)s, c.oid, 'USAGE, SELECT, UPDATE') END""",
    "functions of the platform that the app may run: {}": """
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
AND p.proname <> 'audit_record' AND has_function_privilege(%(app)s, p.oid, 'EXECUTE')""",
    "tables the operators may write, though the owner runs what stands in them: {}": """
SELECT name FROM unnest(%(read_only)s::text[]) AS name
WHERE has_table_privilege(%(platform)s, 'public.' || name, 'INSERT, UPDATE, DELETE')""",
    "functions by which the app reaches other sessions or leaves the walls: {}": """
SELECT name FROM unnest(%(closed)s::text[]) AS name
WHERE has_function_privilege(%(app)s, 'pg_catalog.' || name, 'EXECUTE')""",
}
"""Each query lists what should not be there."""


def _check_stray_schemas(report: IsolationReport, known: set[str]) -> None:
    found = {row[0] for row in ask("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'c\\_%%'")}
    stray = sorted(found - known - {schema_of(TEMPLATE_ID), schema_of(DRILL_ID)})
    to_come = {
        row[0]
        for row in ask(
            "SELECT 'c_' || id FROM public.tenants_tenant WHERE state = 'creating' "
            "UNION ALL SELECT 'c_' || tenant_id FROM public.tenants_spare"
        )
    }
    report.expect(not set(stray) - to_come, f"schemas without a clinic: {stray}")


TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
  (SELECT array_agg(p.polname || '|' || p.polcmd::text || '|' || p.polpermissive || '|' ||
     (SELECT string_agg(pg_get_userbyid(r), ',' ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r)
     || '|' || pg_get_expr(p.polqual, p.polrelid) || '|' ||
     coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''))
   FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive),
  (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
   WHERE k.conrelid = c.oid AND k.conname = 'tenant_wall' AND k.convalidated),
  (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a
   JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull),
  has_table_privilege('nexus_app', c.oid, 'TRUNCATE, REFERENCES, TRIGGER'),
  has_table_privilege('nexus_platform', c.oid, 'SELECT, INSERT, UPDATE, DELETE'),
  (SELECT count(*) FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
   WHERE k.conrelid = c.oid AND k.contype = 'f' AND f.relnamespace <> c.relnamespace)
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p')
ORDER BY c.relname
"""

OTHERS = """
SELECT c.relname, c.relkind::text, coalesce(array_to_string(c.reloptions, ','), ''),
  has_table_privilege('nexus_app', c.oid, 'SELECT'), pg_get_userbyid(c.relowner)
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('v', 'm', 'f')
"""

SEQUENCES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s)
AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege('nexus_app', c.oid, 'USAGE, SELECT, UPDATE') END
"""

FUNCTIONS = """
SELECT p.proname, pg_get_userbyid(p.proowner),
  coalesce(array_to_string(p.proconfig, ';'), ''), has_function_privilege('public', p.oid, 'EXECUTE')
FROM pg_proc p WHERE p.pronamespace = to_regnamespace(%s) AND p.prosecdef
"""


def _check_clinic(report: IsolationReport, tenant: Tenant, template: list[str]) -> None:
    schema, pk = tenant.schema_name, tenant.pk
    usage = ask("SELECT has_schema_privilege(%s, %s, 'USAGE')", (PLATFORM, schema))
    report.expect(usage == [(False,)], f"{PLATFORM} may enter {schema}")
    create = ask("SELECT has_schema_privilege(%s, %s, 'CREATE')", (APP, schema))
    report.expect(create == [(False,)], f"{APP} may create objects in {schema}")
    policy = f"{POLICY_NAME}|*|true|{APP},{OWNER}|{NORMAL_POLICY}|{NORMAL_POLICY}"
    for row in ask(TABLES, (schema,)):
        name, enabled, forced, owner, policies, check, default, more, platform, foreign = row
        report.tables += 1
        table = f"{schema}.{name}"
        report.expect(enabled and forced, f"{table}: row-level security is not forced")
        report.expect(owner == OWNER, f"{table}: belongs to {owner}")
        report.expect(policies == [policy], f"{table}: its policies are {policies}")
        report.expect(check == f"CHECK ((tenant_id = {pk}))", f"{table}: its check is {check}")
        report.expect(default == str(pk), f"{table}: tenant_id defaults to {default}")
        report.expect(not more, f"{table}: {APP} may truncate, reference or trigger")
        report.expect(not platform, f"{table}: {PLATFORM} may read or write")
        report.expect(foreign == 0, f"{table}: a foreign key leaves the schema")
    for name, kind, options, readable, owner in ask(OTHERS, (schema,)):
        safe = "security_barrier=true" in options or "security_invoker=true" in options
        report.expect(
            not readable or (kind == "v" and safe and owner == OWNER),
            f"{schema}.{name}: {APP} can read a view or materialised view past the policy",
        )
    for (name,) in ask(SEQUENCES, (schema,)):
        report.expect(None, f"{schema}.{name}: {APP} may use a sequence, which obeys no policy")
    for name, owner, config, public in ask(FUNCTIONS, (schema,)):
        report.expect(not public, f"{schema}.{name}(): anyone may run this definer function")
        report.expect(owner in {OWNER, SEARCH}, f"{schema}.{name}(): belongs to {owner}")
        report.expect(
            f"search_path={schema}, ext, pg_temp" in config.replace('"', ""),
            f"{schema}.{name}(): its search_path is not pinned ({config or 'not set'})",
        )
    shape = _schema_shape(pk)
    model = [line.replace(str(TEMPLATE_ID), str(pk)) for line in template]
    for line in sorted(set(shape) - set(model)):
        report.expect(None, f"{schema} has what the template has not: {line}")
    for line in sorted(set(model) - set(shape)):
        report.expect(None, f"{schema} lacks what the template has: {line}")
    report.checks += len(model)


SHAPE = """
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
  || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') || ' ' || a.attidentity::text
  || a.attgenerated::text || c.relkind::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = to_regnamespace(%(s)s) AND c.relkind IN ('r','p','v','m') AND a.attnum > 0
  AND NOT a.attisdropped
UNION ALL SELECT 'table ' || relname || ' rls ' || relrowsecurity || ' force ' || relforcerowsecurity
  || ' acl ' || coalesce((SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(relacl) x), '')
  || ' ' || coalesce(array_to_string(reloptions, ' '), '')
FROM pg_class WHERE relnamespace = to_regnamespace(%(s)s) AND relkind IN ('r','p','v','m','S')
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = to_regnamespace(%(s)s)
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = %(s)s
UNION ALL SELECT 'policy ' || tablename || ' ' || policyname || ' ' || permissive
  || array_to_string(roles, ',') || cmd || coalesce(qual, '') || coalesce(with_check, '')
FROM pg_policies WHERE schemaname = %(s)s
UNION ALL SELECT 'comment on ' || c.relname || ' ' || p.polname || ' ' || d.description
FROM pg_description d JOIN pg_policy p ON p.oid = d.objoid JOIN pg_class c ON c.oid = p.polrelid
WHERE d.classoid = 'pg_policy'::regclass AND c.relnamespace = to_regnamespace(%(s)s)
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) || t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = to_regnamespace(%(s)s) AND NOT t.tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid)
  || coalesce((SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(p.proacl) x), '')
  || pg_get_userbyid(p.proowner)
FROM pg_proc p WHERE p.pronamespace = to_regnamespace(%(s)s)
"""


def _schema_shape(tenant_id: int) -> list[str]:
    """Describe everything in a clinic's schema, a line for each thing, comparable between clinics."""
    with public_scope(using=OWNER_ALIAS), connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(SHAPE, {"s": schema_of(tenant_id)})
        return [row[0] for row in cursor.fetchall()]


# ── the probes ───────────────────────────────────────────────────────────────────────────────────


def _probe(report: IsolationReport, tenant: Tenant, neighbours: list[Tenant]) -> None:
    """Try to reach a neighbour's rows from inside this clinic, and every row from outside any."""
    neighbour = neighbours[0] if neighbours else None
    tables = [row[0] for row in ask(TABLES, (tenant.schema_name,))]
    _probe_without_scope(report, tenant, tables)
    if neighbour is None:
        return
    with entered(scope_of(tenant)):
        raw = connections["default"].connection
        for table in tables:
            theirs = sql.Identifier(neighbour.schema_name, table)
            expect_nothing(
                report,
                raw,
                sql.SQL("SELECT 1 FROM {} LIMIT 1").format(theirs),
                f"{tenant.subdomain} reads {neighbour.schema_name}.{table}",
            )
            expect_nothing(
                report,
                raw,
                sql.SQL("DELETE FROM {} RETURNING 1").format(theirs),
                f"{tenant.subdomain} deletes from {neighbour.schema_name}.{table}",
            )
            expect_nothing(
                report,
                raw,
                sql.SQL("UPDATE {} SET tenant_id = tenant_id RETURNING 1").format(theirs),
                f"{tenant.subdomain} updates {neighbour.schema_name}.{table}",
            )
            mine = sql.Identifier(tenant.schema_name, table)
            expect_nothing(
                report,
                raw,
                sql.SQL("UPDATE {} SET tenant_id = {} RETURNING 1").format(
                    mine, sql.Literal(neighbour.pk)
                ),
                f"{tenant.subdomain} hands rows of {table} to {neighbour.subdomain}",
            )
        connections["default"].set_rollback(True)


def _probe_without_scope(report: IsolationReport, tenant: Tenant, tables: list[str]) -> None:
    settings = connections["default"].get_connection_params()
    keep = {"host", "port", "user", "password", "dbname"}
    with psycopg.connect(
        **{key: value for key, value in settings.items() if key in keep}, autocommit=True
    ) as raw:
        for table in tables:
            expect_nothing(
                report,
                raw,
                sql.SQL("SELECT 1 FROM {} LIMIT 1").format(
                    sql.Identifier(tenant.schema_name, table)
                ),
                f"outside every scope {APP} reads {tenant.schema_name}.{table}",
            )


def expect_nothing(
    report: IsolationReport, raw: psycopg.Connection[Any], statement: sql.Composed, leak: str
) -> None:
    """Run one probe in a savepoint of its own; an error or no row is right, a row is a leak."""
    report.probes += 1
    try:
        with raw.transaction(force_rollback=True):
            row = raw.execute(statement).fetchone()
    except psycopg.Error:
        return
    if row is not None:
        report.leaks.append(leak)
