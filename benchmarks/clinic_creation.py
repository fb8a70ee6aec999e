"""Making a clinic: the recorded SQL against Django's migrations, side by side in one run.

Also a run of `nexus migrate` with nothing to do. Usage: python benchmarks/clinic_creation.py [clinics]
"""

from __future__ import annotations

import os
import secrets
import statistics
import sys
import time
from urllib.parse import urlsplit

from config.stack.throwaway import throwaway


def main(clinics: int = 10) -> None:
    with throwaway() as servers:
        _configure(servers.admin_url, servers.valkey_url)
        _measure(servers.admin_url, clinics)


def _configure(admin_url: str, redis_url: str) -> None:
    parts = urlsplit(admin_url)
    for variable, role in (
        ("DATABASE_URL", "nexus_app"),
        ("DATABASE_OWNER_URL", "nexus_owner"),
        ("DATABASE_PLATFORM_URL", "nexus_platform"),
    ):
        os.environ[variable] = f"postgresql://{role}:throw-away@{parts.hostname}:{parts.port}/bench"
    os.environ.update(
        REDIS_URL=redis_url,
        SECRET_KEY=secrets.token_hex(32),
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    import django

    django.setup()


def _measure(admin_url: str, clinics: int) -> None:
    from tenants import lifecycle, migrate, roles
    from tenants.scope import entered, schema_of

    roles.bootstrap_roles(admin_url, passwords=dict.fromkeys(roles.LOGIN_ROLES, "throw-away"))
    roles.bootstrap_database(admin_url, name="bench")
    migrate.migrate_all()
    by_script, by_migrations = [], []
    for index in range(clinics):
        start = time.perf_counter()
        lifecycle.create_tenant(name=f"Clinic {index}", subdomain=f"clinic-{index}")
        by_script.append(time.perf_counter() - start)
        if index < 3:
            start = time.perf_counter()
            with entered(migrate.tenant_scope_of_id(9_000_000 + index)):
                for statement in migrate.create_schema_statements(schema_of(9_000_000 + index)):
                    migrate.execute(statement)
                migrate.run_executor()
            by_migrations.append(time.perf_counter() - start)
    start = time.perf_counter()
    migrate.migrate_all()
    idle = time.perf_counter() - start
    script, migrations = statistics.median(by_script), statistics.median(by_migrations)
    print(
        f"by recorded SQL   {script:6.2f} s a clinic (slowest of {clinics}: {max(by_script):.2f} s)"
    )
    print(f"by migrations     {migrations:6.2f} s a clinic   ratio {migrations / script:.1f}")
    print(f"nothing to do     {idle:6.2f} s for {clinics} clinics")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
