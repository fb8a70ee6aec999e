"""Every test runs as the restricted role on a real PostgreSQL, with two clinics in it.

The servers are thrown away after the run. The database is built once, then copied for each worker.
"""

from __future__ import annotations

import atexit
import gc
import os
import secrets
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import psycopg
import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

PASSWORD = "throw-away-password"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
BLUEPRINT = "nexus_blueprint"
HERE = Path(__file__).parent
SCHEMA_CACHE = HERE.parent / ".pytest_cache" / "schema"
LONGEST = (
    *("onboarding/imports/test_chaos.py", "config/test_demo.py", "e2e/test_main_road.py"),
    *("config/test_serve.py", "e2e/test_attacks.py", "security/test_input.py"),
    *("e2e/test_diary.py", "security/test_objects.py", "e2e/test_import.py"),
    *("onboarding/imports/connection", "e2e/test_mapping.py", "test_routes.py"),
    *("e2e/test_record.py", "onboarding/imports/test_services.py", "e2e/test_data_management.py"),
    *("security/test_forgery.py", "e2e/test_bundle.py", "onboarding/imports/test_replacing.py"),
    *("e2e", "security", "config", "support", "onboarding/imports", "onboarding"),
)
"""Files and folders of tests, the longest first; browsers in turn with others, for they are heavy."""
PLATFORMS = 2
"""So many processes start a platform of their own for the browser's tests: each takes 15 s to start."""


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

    from onboarding.imports import shapes

    # The same few files are imported again and again: what their values look like is found once.
    shapes.REMEMBERED = 200_000
    shapes.looker = cache(shapes.looker)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: several processes then end at about the same time."""

    @cache
    def place(file: Path) -> int:
        path = file.relative_to(HERE)
        named = (n for n, first in enumerate(LONGEST) if path.is_relative_to(first))
        return next(named, len(LONGEST))

    items.sort(key=lambda item: place(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Deal the tests out file by file, those of the whole platform to as many processes as start one."""
    from xdist.scheduler import LoadFileScheduling

    met: dict[str, int] = {}

    class Dealing(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            if not file.startswith("tests/e2e/"):
                return file
            return f"platform {met.setdefault(file, len(met)) % PLATFORMS}"

    return Dealing(config, log)


def pytest_collection_finish() -> None:
    """Let the collector pass by all that is loaded by now: going through it took a tenth of the time."""
    gc.collect()
    gc.freeze()


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
        connection.execute(f'CREATE DATABASE "{mine}" TEMPLATE "{BLUEPRINT}" STRATEGY file_copy')
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
    with _as_superuser() as raw:
        yield raw


def _as_superuser() -> psycopg.Connection:
    from django.conf import settings

    name = settings.DATABASES["default"]["NAME"]
    return psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=name, autocommit=True)


@pytest.fixture(scope="session")
def _emptier(django_db_setup: None):  # type: ignore[misc]
    """One superuser's connection for all tests: a new one reads some hundred tables' policies first."""
    with _as_superuser() as raw:
        yield raw


@pytest.fixture
def committed(django_db_blocker, _emptier):  # type: ignore[misc]
    """Real commits, for threads, tasks and servers; every clinic table is emptied afterwards."""
    from django.db import connections

    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()
        _empty_all_tables(_emptier)


@pytest.fixture
def only_two_clinics(committed, superuser):
    """Whatever clinics and spares the test makes are gone after it, and alpha and beta are as they were."""
    from django.db import connections

    from tenants.migrate import TEMPLATE_ID

    clinics = superuser.execute("SELECT id, name, subdomain FROM tenants_tenant").fetchall()
    hosts = superuser.execute("SELECT domain FROM tenants_domain").fetchall()
    schemas = clinic_schemas(superuser)
    yield
    connections.close_all()
    numbers = [pk for pk, *_ in clinics]
    for made in clinic_schemas(superuser) - schemas:
        superuser.execute(f"DROP SCHEMA {made} CASCADE")
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")
        for table in ("job", "datakey", "migrationhead", "domain"):
            superuser.execute(
                f"DELETE FROM tenants_{table} WHERE tenant_id <> ALL (%s)",
                [[*numbers, TEMPLATE_ID]],
            )
        superuser.execute("DELETE FROM tenants_tenant WHERE id <> ALL (%s)", [numbers])
        for pk, name, subdomain in clinics:
            superuser.execute(
                "UPDATE tenants_tenant SET name = %s, subdomain = %s, state = 'active', "
                "state_reason = '', sandbox_of_id = NULL WHERE id = %s",
                [name, subdomain, pk],
            )
        superuser.execute(
            "DELETE FROM tenants_domain WHERE domain <> ALL (%s)", [[host for (host,) in hosts]]
        )
        superuser.execute("UPDATE tenants_domain SET is_primary = true")


def clinic_schemas(raw: psycopg.Connection) -> set[str]:
    """Name the clinics' schemas in a database: in use, put aside by a move, or kept as a spare."""
    found = raw.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(c|moved)_[0-9]+$'")
    return {name for (name,) in found}


def _empty_all_tables(raw: psycopg.Connection) -> None:
    """Take every row back but those that say which clinics there are, and what a clinic begins with."""
    from tenants.migrate import TEMPLATE_ID
    from tenants.scope import schema_of

    with raw.transaction():
        raw.execute("SET LOCAL session_replication_role = replica")
        used = raw.execute(_USED_TABLES, [list(KEPT_TABLES)]).fetchall()
        for table, _size in used:
            raw.execute(f"DELETE FROM {table}")
        for (table,) in raw.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relname = 'consents_consentkind'"
        ).fetchall():
            raw.execute(
                f"DELETE FROM {table} WHERE key NOT IN "
                f"(SELECT key FROM {schema_of(TEMPLATE_ID)}.consents_consentkind)"
            )
    # Nothing else vacuums here, and the next test reads over what is dead.
    if big := [table for table, size in used if size > BIG]:
        raw.execute(f"VACUUM {', '.join(big)}")


KEPT_TABLES = (
    "tenants_tenant",
    "tenants_domain",
    "tenants_schemascript",
    "tenants_migrationhead",
    "consents_consentkind",
    "django_migrations",
)
BIG = 128 << 10
_USED_TABLES = """
SELECT c.oid::regclass::text, pg_relation_size(c.oid) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND (n.nspname ~ '^c_[0-9]+$' OR n.nspname = 'public')
AND c.relname <> ALL (%s) AND pg_relation_size(c.oid) > 0
"""
"""Most of some hundred tables were never written to: asking each for a row took longer than most tests."""


@pytest.fixture
def no_worker(monkeypatch):
    """Jobs wait until the test runs them."""
    monkeypatch.setattr("tenants.tasks.run_job.apply_async", lambda *_a, **_k: None)


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
    from django.core.cache import cache
    from django.test import Client
    from django.utils import timezone
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accounts.models import User
    from accounts.sessions import SessionStore
    from announcements import selectors
    from onboarding.imports import maintenance
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
        if clinic:
            # Pages ask these every now and then; tests that count what a page asks shall not meet it.
            cache.delete_many([selectors._KEY, maintenance.KEY])
            maintenance.notice_of_clinic()
            selectors.shown_in_running_clinic(now=timezone.now())
    client = Client(headers={"host": host})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    client.person = person
    return client
