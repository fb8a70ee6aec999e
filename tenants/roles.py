"""The five database roles, made once per server by its superuser (`nexus bootstrap`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from tenants.scope import EXTENSIONS_SCHEMA
from tenants.walls import APP, BACKUP, OWNER, PLATFORM, SEARCH

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")
LOGIN_ROLES = (OWNER, APP, PLATFORM, BACKUP)
# All clinics come as one role, so whatever a role may do to its own other sessions reaches the
# neighbour: read the statement one is running, values and all, or end it. Large objects obey no
# policy and stand in no schema.
CLOSED_FUNCTIONS = (
    "pg_stat_get_activity(integer)",
    "pg_stat_get_backend_activity(integer)",
    "pg_cancel_backend(integer)",
    "pg_terminate_backend(integer, bigint)",
    "lo_creat(integer)",
    "lo_create(oid)",
    "lo_from_bytea(oid, bytea)",
)
_PLAIN = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
_ATTRIBUTES = {
    OWNER: f"LOGIN NOBYPASSRLS {_PLAIN}",
    APP: f"LOGIN NOBYPASSRLS {_PLAIN}",
    PLATFORM: f"LOGIN NOBYPASSRLS {_PLAIN}",
    BACKUP: f"LOGIN BYPASSRLS {_PLAIN}",
    # Owns the search functions only: they check the tenant themselves.
    SEARCH: f"NOLOGIN BYPASSRLS {_PLAIN}",
}


def bootstrap_roles(admin_url: str, *, passwords: Mapping[str, str]) -> None:
    """Create or correct the roles. `passwords` names one for each of LOGIN_ROLES."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for role, attributes in _ATTRIBUTES.items():
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = "ALTER" if exists.fetchone() else "CREATE"
            statement = sql.SQL(f"{verb} ROLE {{}} {attributes}").format(sql.Identifier(role))
            if role in LOGIN_ROLES:
                statement += sql.SQL(" PASSWORD {}").format(sql.Literal(passwords[role]))
            connection.execute(statement)
            # A role may set its own defaults: that of the schema does not outlive the next start.
            connection.execute(
                sql.SQL("ALTER ROLE {} RESET search_path").format(sql.Identifier(role))
            )
            connection.execute(
                sql.SQL("ALTER ROLE {} SET timezone = 'UTC'").format(sql.Identifier(role))
            )
        # The owner hands its search functions over to nexus_search, and reads for nobody as it.
        connection.execute(f"GRANT {SEARCH} TO {OWNER} WITH INHERIT FALSE, SET TRUE")


def bootstrap_database(admin_url: str, *, name: str) -> None:
    """Create the database and its schemas, extensions and grants; safe to run again."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not found.fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(name)
                )
            )
    with psycopg.connect(admin_url, dbname=name, autocommit=True) as connection:
        database = sql.Identifier(name)
        for statement in (
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {{database}} TO {', '.join(LOGIN_ROLES)}",
            f"GRANT CREATE ON DATABASE {{database}} TO {OWNER}",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}",
            f"GRANT USAGE ON SCHEMA public TO {APP}, {PLATFORM}, {BACKUP}",
            f"CREATE SCHEMA IF NOT EXISTS {EXTENSIONS_SCHEMA}",
            f"GRANT USAGE ON SCHEMA {EXTENSIONS_SCHEMA} TO PUBLIC",
            *(
                f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA {EXTENSIONS_SCHEMA}"
                for extension in EXTENSIONS
            ),
            *(
                f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC"
                for function in CLOSED_FUNCTIONS
            ),
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer), "
            "pg_catalog.pg_stat_get_backend_activity(integer) TO pg_read_all_stats",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PLATFORM}",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public "
            f"GRANT USAGE, SELECT ON SEQUENCES TO {PLATFORM}",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public "
            f"GRANT SELECT ON TABLES TO {BACKUP}",
        ):
            connection.execute(sql.SQL(statement).format(database=database))
