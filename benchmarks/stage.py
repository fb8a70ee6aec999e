"""Where a benchmark plays: throw-away servers, the restricted roles, Django, and clinics on request.

with stage() as servers:
    clinic = new_clinic("Crowded")
    with as_superuser(servers, clinic) as raw: ...
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.stack.throwaway import ThrowawayServers, throwaway

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tenants.models import Tenant

ROOT = Path(__file__).parents[1]
NAME = "bench"
PASSWORD = "throw-away"  # noqa: S105 - of servers that live as long as the run


@contextmanager
def stage() -> Iterator[ThrowawayServers]:
    """Bring the servers up and set Django to them; all of it is gone when the block ends."""
    with throwaway() as servers, tempfile.TemporaryDirectory() as var:
        parts = urlsplit(servers.admin_url)
        for variable, role in (
            ("DATABASE_URL", "nexus_app"),
            ("DATABASE_OWNER_URL", "nexus_owner"),
            ("DATABASE_PLATFORM_URL", "nexus_platform"),
        ):
            address = f"{role}:{PASSWORD}@{parts.hostname}:{parts.port}/{NAME}"
            os.environ[variable] = f"postgresql://{address}"
        os.environ.update(
            REDIS_URL=f"{servers.valkey_url.removesuffix('/0')}/1",
            STORAGE_URL=f"file://{var}/files",
            SECRET_KEY=secrets.token_hex(32),
            NEXUS_KEYS=f"bench:{secrets.token_urlsafe(32)}",
            NEXUS_VAR=var,
            NEXUS_BASE_DOMAIN="localhost",
            DJANGO_SETTINGS_MODULE="config.settings",
            PYTHONPATH=f"{ROOT}:{ROOT / 'platform'}",
        )
        (Path(var) / "static").mkdir()
        import django

        django.setup()
        from tenants import migrate, roles

        roles.bootstrap_roles(
            servers.admin_url, passwords=dict.fromkeys(roles.LOGIN_ROLES, PASSWORD)
        )
        roles.bootstrap_database(servers.admin_url, name=NAME)
        migrate.migrate_all()
        yield servers


def new_clinic(name: str) -> Tenant:
    """Make a clinic as a sign-up makes one."""
    from tenants import lifecycle

    return lifecycle.create_tenant(name=name, subdomain=name.lower())


@contextmanager
def as_superuser(servers: ThrowawayServers, clinic: Tenant) -> Iterator[psycopg.Connection]:
    """Open a connection past every wall, in the clinic's schema: to make rows, never to measure."""
    import psycopg

    with psycopg.connect(servers.admin_url, dbname=NAME, autocommit=True) as raw:
        raw.execute(f"SET search_path = {clinic.schema_name}, ext")
        yield raw
