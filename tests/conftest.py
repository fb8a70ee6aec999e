"""Every test runs as the restricted role on a real PostgreSQL, with two clinics in it.

The servers are thrown away after the run. The database is built once, then copied for each worker.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest

PASSWORD = "throw-away-password"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
BLUEPRINT = "nexus_blueprint"
HERE = Path(__file__).parent
SCHEMA_CACHE = HERE.parent / ".pytest_cache" / "schema"
LONG = {"e2e": (0, 1), "config": (2, 3), "security": (2, 3), "onboarding/imports": (0, 1, 2, 3)}
"""Folders of tests that take long, and whose share they begin: a browser is heavy, so two at a time."""


def _url(admin_url: str, role: str, database: str) -> str:
    parts = urlsplit(admin_url)
    return f"postgresql://{role}:{quote(PASSWORD)}@{parts.hostname}:{parts.port}/{database}"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before settings are read; workers find them in the environment."""
    from config.stack.throwaway import start_or_reuse

    servers = start_or_reuse()
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        # Each worker reads settings that name a database of its own, not these.
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        return
    database = f"nexus_{WORKER}"
    index = int(WORKER.removeprefix("gw")) + 1
    os.environ.update(
        {
            "DATABASE_ADMIN_URL": servers.admin_url,
            "DATABASE_URL": _url(servers.admin_url, "nexus_app", database),
            "DATABASE_OWNER_URL": _url(servers.admin_url, "nexus_owner", database),
            "DATABASE_PLATFORM_URL": _url(servers.admin_url, "nexus_platform", database),
            "REDIS_URL": f"{servers.valkey_url.rsplit('/', 1)[0]}/{index}"
            if servers.valkey_url.count("/") > 2
            else f"{servers.valkey_url}/{index}",
            "SECRET_KEY": secrets.token_hex(32),
            "NEXUS_KEYS": f"tests:{secrets.token_urlsafe(32)}",
            "NEXUS_DEBUG": "1",
            "NEXUS_VAR": _var_folder(),
            "NEXUS_SCHEMA_CACHE": str(SCHEMA_CACHE),
            "NEXUS_BASE_DOMAIN": "localhost",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
    )
    import django
    from django.test import client

    django.setup()
    # Contexts of pages are read by few tests and changed by none; copying them took longer than many pages.
    client.copy = lambda context: context


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin each process's share with what takes longest; what is short is left for who is done first.

    pytest-xdist cuts the list into shares of one length and moves tests from the ends of them.
    """
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for folder, wanted in LONG.items():
        turn = cycle([number for number in wanted if number < processes] or [0])
        for path in [path for path in modules if path.is_relative_to(HERE / folder)]:
            shares[next(turn)] += modules.pop(path)
    for rest in modules.values():
        min(shares, key=len).extend(rest)
    if processes > 1:
        items[:] = [item for share in shares for item in share]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run each test as the server runs a request, not at an end of a chunk of frames."""
    from _pytest.runner import pytest_runtest_protocol as run

    from config.frames import with_room

    return with_room(run, item, nextitem)


def _var_folder() -> str:
    """Make the folder of everything a run writes: files, mail, anchors."""
    folder = tempfile.mkdtemp(prefix="nexus-var-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (Path(folder) / "static").mkdir()
    return folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> None:  # type: ignore[misc]
    """Build the database with the roles and two clinics once; each worker takes a copy."""
    from django.conf import settings
    from django.db import connections

    admin = os.environ["DATABASE_ADMIN_URL"]
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7001)")
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [BLUEPRINT]
        ).fetchone()
        if not found:
            with django_db_blocker.unblock():
                _build_blueprint(admin)
        mine = settings.DATABASES["default"]["NAME"]
        connection.execute(f'CREATE DATABASE "{mine}" TEMPLATE "{BLUEPRINT}"')
        connection.execute(f'REVOKE ALL ON DATABASE "{mine}" FROM PUBLIC')
        connection.execute(
            f'GRANT CONNECT ON DATABASE "{mine}" '
            "TO nexus_owner, nexus_app, nexus_platform, nexus_backup"
        )
        connection.execute(f'GRANT CREATE ON DATABASE "{mine}" TO nexus_owner')
        connection.execute("SELECT pg_advisory_unlock(7001)")
    connections.close_all()


def _build_blueprint(admin: str) -> None:
    from django.conf import settings
    from django.db import connections

    from tenants import lifecycle, migrate, roles

    building = f"{BLUEPRINT}_{WORKER}"
    roles.bootstrap_roles(admin, passwords=dict.fromkeys(roles.LOGIN_ROLES, PASSWORD))
    roles.bootstrap_database(admin, name=building)
    with ExitStack() as stack:
        for alias in ("default", "owner", "platform"):
            for entry in (settings.DATABASES[alias], connections[alias].settings_dict):
                stack.callback(entry.__setitem__, "NAME", entry["NAME"])
                entry["NAME"] = building
        migrate.migrate_all()
        lifecycle.create_tenant(name="Alpha Physiotherapy", subdomain="alpha")
        lifecycle.create_tenant(name="Beta Podiatry", subdomain="beta")
        connections.close_all()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{building}" RENAME TO "{BLUEPRINT}"')


@pytest.fixture
def alpha(request: pytest.FixtureRequest):
    _open_database(request)
    return _clinic("alpha")


@pytest.fixture
def beta(request: pytest.FixtureRequest):
    _open_database(request)
    return _clinic("beta")


def _open_database(request: pytest.FixtureRequest) -> None:
    """Take the test's transaction, unless the test asked for real commits."""
    wanted = {"committed", "transactional_db"} & set(request.fixturenames)
    request.getfixturevalue(wanted.pop() if wanted else "db")


def _clinic(subdomain: str):
    from tenants.models import Tenant
    from tenants.scope import public_scope

    with public_scope():
        return Tenant.objects.get(subdomain=subdomain)


@pytest.fixture
def in_alpha(alpha):
    from tenants.scope import tenant_scope

    with tenant_scope(alpha):
        yield alpha


@pytest.fixture
def superuser(django_db_setup: None):
    """A superuser's own connection to the test database, for what only an intruder would do."""
    from django.conf import settings

    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=name, autocommit=True) as raw:
        yield raw


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker):  # type: ignore[misc]
    """Real commits, for threads, tasks and servers; every clinic table is emptied afterwards."""
    from django.conf import settings
    from django.db import connections

    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()
        name = settings.DATABASES["default"]["NAME"]
        with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=name) as raw:
            _empty_all_tables(raw)


def _empty_all_tables(raw: psycopg.Connection) -> None:
    """Take every row back but those that say which clinics there are, and what a clinic begins with."""
    from tenants.migrate import TEMPLATE_ID
    from tenants.scope import schema_of

    keep = (
        "tenants_tenant",
        "tenants_domain",
        "tenants_schemascript",
        "tenants_migrationhead",
        "consents_consentkind",
    )
    # One statement: hundreds of tables are empty, and most tests of this kind have written to few.
    raw.execute("SET session_replication_role = replica")
    raw.execute(
        """
        DO $empty$ DECLARE one text; is_filled boolean; BEGIN
            FOR one IN SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r'
                AND (n.nspname ~ '^c_[0-9]+$' OR n.nspname = 'public')
                AND c.relname <> 'django_migrations' AND c.relname <> ALL (string_to_array(KEPT, ' '))
            LOOP
                EXECUTE 'SELECT EXISTS (SELECT FROM ' || one || ')' INTO is_filled;
                IF is_filled THEN EXECUTE 'DELETE FROM ' || one; END IF;
            END LOOP;
            FOR one IN SELECT c.oid::regclass FROM pg_class c WHERE c.relname = 'consents_consentkind'
            LOOP
                EXECUTE 'DELETE FROM ' || one
                    || ' WHERE key NOT IN (SELECT key FROM BEGUN.consents_consentkind)';
            END LOOP;
        END $empty$
        """.replace("KEPT", f"'{' '.join(keep)}'").replace("BEGUN", schema_of(TEMPLATE_ID))
    )
    raw.execute("SET session_replication_role = DEFAULT")


@pytest.fixture
def in_beta(beta):
    from tenants.scope import tenant_scope

    with tenant_scope(beta):
        yield beta


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium. It ends with the module: while it lives, Django refuses this thread the
    database.
    """
    from tests.ui.browser import chromium

    with chromium() as opened:
        yield opened


@pytest.fixture
def sign_in():
    """Sign a new person of a role in at a clinic: `sign_in(alpha, "reception")` answers a client.

    The person has proved a second factor; the operators' host is `sign_in(None, "operator")`.
    """
    return _signed_in_client


def _signed_in_client(clinic, role: str, *, email: str = ""):
    from django.conf import settings
    from django.contrib import auth
    from django.test import Client
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accounts.models import User
    from accounts.sessions import SessionStore
    from tenants.scope import platform_scope, tenant_scope

    host = clinic.host if clinic else f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
    with tenant_scope(clinic) if clinic else platform_scope():
        person, _ = User.objects.get_or_create(
            email=email or f"{role}@{host}.example",
            defaults={"name": f"{role} person", "role": role},
        )
        device, _ = TOTPDevice.objects.get_or_create(user=person, name="default")
        session = SessionStore()
        session[auth.SESSION_KEY] = str(person.pk)
        session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[auth.HASH_SESSION_KEY] = person.get_session_auth_hash()
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session.save()
    client = Client(headers={"host": host})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    client.person = person
    return client
