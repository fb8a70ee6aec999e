"""What the app's role may do with each shared table; everything not named here it may not touch."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings

from tenants.walls import APP, BACKUP, PLATFORM

APP_RIGHTS = {
    "tenants_tenant": "SELECT",
    "tenants_domain": "SELECT",
    "tenants_migrationhead": "SELECT",
    "tenants_datakey": "SELECT, INSERT",
    "tenants_vendorbinding": "SELECT, INSERT, DELETE",
    "tenants_job": "SELECT, INSERT",
}
"""Shared table → rights of nexus_app. Other apps add theirs with `grant_to_app`."""

OWN_ROWS = (
    "support_desk_case",
    "tenants_datakey",
    "tenants_job",
    "backups_backup",
    "backups_drill",
    "backups_selfcheck",
)
"""Shared tables of which a clinic sees the rows with its own tenant_id, and no others."""

FOUND_FROM_OUTSIDE = ("tenants_vendorbinding",)
"""Shared tables of which a clinic sees and writes its own rows only, and no clinic's code reads all:
it finds out whose a request is.
"""

ALSO_CHECKED = {"tenants_job": "asked_from = 'clinic' AND approved_by = ''"}
"""What a row that a clinic writes into a shared table must say besides."""

SEEN_AS: dict[str, str] = {}
"""Shared tables with a condition of their own for what the app's role sees and writes."""

CLOSED_TO_PLATFORM = ("tenants_datakey", "tenants_vendorbinding", "tenants_spare")
"""Shared tables that are not the operators' business."""


PLATFORM_READS_ONLY = (
    "tenants_schemascript",
    "tenants_migrationhead",
    "django_migrations",
    "support_desk_case",
)
"""What is written there is run as the owner of all clinics, or decides what is run, or who is let in."""


def grant_to_app(table: str, rights: str) -> None:
    """Let the web role use a shared table; called from an AppConfig's ready()."""
    APP_RIGHTS[table] = rights


def seen_as(table: str, condition: str) -> None:
    """Say which rows of a shared table the web role meets: SQL in which `{tenant_id}` is the scope's.

    Called from an AppConfig's ready(), before the table's first migration.
    """
    SEEN_AS[table] = condition


def public_statements() -> list[str]:
    """Answer the statements that set the rights on all shared tables; safe to run again."""
    tables = sorted(
        model._meta.db_table
        for config in apps.get_app_configs()
        if config.name in settings.SHARED_APPS
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    )
    statements = []
    for table in [*tables, "django_migrations"]:
        statements.append(f'REVOKE ALL ON public."{table}" FROM {APP}')
        if table in APP_RIGHTS:
            statements.append(f'GRANT {APP_RIGHTS[table]} ON public."{table}" TO {APP}')
            statements.append(_shared_wall(table))
    return [
        *statements,
        # A dump of the whole database reads how far each sequence is.
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {BACKUP}",
        f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {BACKUP}",
        *(
            f'REVOKE INSERT, UPDATE, DELETE ON public."{table}" FROM {PLATFORM}'
            for table in PLATFORM_READS_ONLY
        ),
        *(f'REVOKE ALL ON public."{table}" FROM {PLATFORM}' for table in CLOSED_TO_PLATFORM),
    ]


def _shared_wall(table: str) -> str:
    """Close a shared table to code that works for one clinic: who the others are is not its business.

    The owner passes by; it runs the migrations.
    """
    nobody = "(SELECT current_setting('rls.tenant_id')::int) = 0"
    own = "tenant_id = (SELECT current_setting('rls.tenant_id')::int)"
    mine = own if table in (*OWN_ROWS, *FOUND_FROM_OUTSIDE) else nobody
    if table in SEEN_AS:
        scope = "(SELECT current_setting('rls.tenant_id')::int)"
        mine = SEEN_AS[table].replace("{tenant_id}", scope)
    written = f"{mine} AND {ALSO_CHECKED[table]}" if table in ALSO_CHECKED else mine
    outside = ""
    if table in FOUND_FROM_OUTSIDE:
        outside = (
            f'CREATE POLICY from_outside ON public."{table}" FOR SELECT TO {APP} USING ({nobody});'
        )
    return f"""
DO $wall$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_policies WHERE schemaname = 'public' AND tablename = '{table}'
                 AND policyname = 'platform_wall') THEN
    ALTER TABLE public."{table}" ENABLE ROW LEVEL SECURITY;
    CREATE POLICY platform_wall ON public."{table}" TO {APP} USING ({mine}) WITH CHECK ({written});
    {outside}
    CREATE POLICY operators ON public."{table}" TO {PLATFORM} USING (true) WITH CHECK (true);
  END IF;
END $wall$"""
