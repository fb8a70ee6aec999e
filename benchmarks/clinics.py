"""Hundreds of clinics in one database: made, migrated, looked over.

Each clinic is made as a sign-up makes one. Then the code gets one migration more (a column, an index, a
table, a function), written into a copy of an app's migrations for this run only. Django's own executor
takes a sample of clinics there, one after another, as it would take all; `nexus migrate` takes all the
others. Usage: python benchmarks/clinics.py [clinics] [sample]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenants.models import Tenant

APP = "practice"
ROUNDS = 20
NO_PAGES = (
    "account",
    "api",
    "static",
    "log",
    "healthz",
    "readyz",
    "join",
    "password",
    "audit/verify",
)
ONE_MORE = """
from django.db import migrations, models
import django.db.models.deletion
import tenants.ids


class Migration(migrations.Migration):
    dependencies = [("practice", {last!r})]
    operations = [
        migrations.AddField("location", "bench_note", models.TextField(blank=True, default="")),
        migrations.AddIndex("location", models.Index(fields=["bench_note"], name="bench_note_index")),
        migrations.CreateModel(
            "BenchRoom",
            [
                ("id", models.UUIDField(primary_key=True, default=tenants.ids.uuid7, editable=False)),
                ("name", models.CharField(max_length=40)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="practice.location"
                    ),
                ),
            ],
        ),
        migrations.RunSQL("CREATE FUNCTION bench_rooms() RETURNS bigint LANGUAGE sql STABLE "
                          "AS 'SELECT count(*) FROM practice_benchroom'"),
    ]
"""


def main(clinics: int = 300, sample: int = 6) -> None:
    with stage():
        print(f"{clinics} clinics, {os.cpu_count()} processors\n")
        made = _create(clinics + sample)
        _idle(len(made))
        _beat(len(made))
        _console()
        with _one_migration_more():
            _migrate(made[:sample], clinics)


def _row(what: str, value: str, note: str = "") -> None:
    print(f"{what:<44} {value:>12}   {note}".rstrip(), flush=True)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


# ── made ─────────────────────────────────────────────────────────────────────────────────────────


def _create(count: int) -> list[Tenant]:
    """Make clinics as an owner meets it: out of a spare, which the worker has built before."""
    from tenants import lifecycle, spares

    made: list[Tenant] = []

    def one() -> None:
        number = len(made) + 1
        made.append(lifecycle.create_tenant(name=f"Clinic {number}", subdomain=f"clinic-{number}"))

    built, opened = [], []
    for _ in range(count):
        built.append(_seconds(lambda: spares.keep(1)))
        opened.append(_seconds(one))
    _times("a clinic made, out of a spare", opened)
    _times("a spare built beforehand, or a clinic without", built)
    return made


def _times(what: str, times: list[float]) -> None:
    _row(
        what,
        f"{statistics.median(times):.3f} s",
        f"p95 {_p95(times):.3f} s, slowest {max(times):.3f} s, median of the last 50 "
        f"{statistics.median(times[-50:]):.3f} s",
    )


def _idle(count: int) -> None:
    from tenants import migrate

    inside = min(_seconds(migrate.migrate_all) for _ in range(3))
    command = [sys.executable, "-m", "config", "migrate", "--json"]
    whole = min(
        _seconds(lambda: subprocess.run(command, check=True, capture_output=True, cwd=ROOT))
        for _ in range(2)
    )
    _row(
        "nexus migrate with nothing to do", f"{whole:.2f} s", f"{count} clinics; run {inside:.2f} s"
    )


# ── looked over ──────────────────────────────────────────────────────────────────────────────────


def _beat(count: int) -> None:
    from clinical.patients.models import Patient
    from tenants.tasks import in_every_clinic

    def look() -> None:
        found = list(in_every_clinic(lambda _clinic: Patient.objects.exists(), what="a look"))
        assert len(found) == count

    _row("a cheap look into every clinic (beat)", f"{_seconds(look):.2f} s")


def _console() -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.urls import get_resolver

    call_command("collectstatic", "--noinput", verbosity=0)
    client = _operator()
    pages = sorted(_pages(get_resolver(settings.OPERATORS_URLCONF).url_patterns))
    for page in pages:
        first = client.get(page)
        if first.status_code != 200 or "html" not in first.headers["Content-Type"]:
            continue
        times = [_seconds(partial(client.get, page)) for _ in range(ROUNDS)]
        _row(
            f"console {page}",
            f"{_p95(times) * 1000:.0f} ms",
            f"p95 of {ROUNDS}, median {statistics.median(times) * 1000:.0f} ms",
        )


def _pages(patterns: list[Any], before: str = "") -> Iterator[str]:
    """List the console's addresses that take no argument."""
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if "<" in path or "\\" in path or "^" in path:
            continue
        if hasattr(pattern, "url_patterns"):
            yield from _pages(pattern.url_patterns, path)
        elif not path.startswith(NO_PAGES):
            yield f"/{path}"


def _operator() -> Any:
    from django.conf import settings
    from django.contrib import auth
    from django.test import Client
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accounts.models import User
    from accounts.sessions import SessionStore
    from tenants.scope import platform_scope

    host = f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
    with platform_scope():
        person = User.objects.create(email=f"op@{host}.example", name="Op", role="operator")
        device = TOTPDevice.objects.create(user=person, name="default")
        session = SessionStore()
        session[auth.SESSION_KEY] = str(person.pk)
        session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[auth.HASH_SESSION_KEY] = person.get_session_auth_hash()
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session.save()
    client = Client(headers={"host": host})
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client


# ── migrated ─────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _one_migration_more() -> Iterator[None]:
    """Have the code be one migration ahead of every clinic."""
    from django.apps import apps
    from django.conf import settings

    from tenants import migrate

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "bench_migrations"
        shutil.copytree(Path(apps.get_app_config(APP).path) / "migrations", package)
        last = max(path.stem for path in package.glob("0*.py"))
        (package / "9999_bench.py").write_text(ONE_MORE.format(last=last))
        sys.path.insert(0, folder)
        settings.MIGRATION_MODULES = {**settings.MIGRATION_MODULES, APP: package.name}
        migrate.heads_digest.cache_clear()
        migrate._loader.cache_clear()  # noqa: SLF001 - as a new process would read them
        yield


def _migrate(sample: list[Tenant], clinics: int) -> None:
    from tenants import migrate
    from tenants.scope import public_scope

    one_by_one = [_seconds(partial(_by_django, clinic.pk)) for clinic in sample]
    each = statistics.mean(one_by_one)
    recording = _seconds(migrate.refresh_template)
    report: list[migrate.MigrationReport] = []
    whole = _seconds(lambda: report.append(migrate.migrate_all()))
    assert len(report[0].migrated) == clinics, report[0]
    _same_shape(sample[0].pk, report[0].migrated[0])
    with public_scope(using=migrate.OWNER):
        from tenants import rollout

        assert rollout.summary()["ok"]
    _row("the new schema recorded, once", f"{recording:.2f} s")
    _row(
        f"{clinics} clinics migrated",
        f"{whole + recording:.2f} s",
        f"with the recording; {whole / clinics * 1000:.0f} ms a clinic",
    )
    _row(
        "one after another by Django's executor",
        f"{each * clinics:.0f} s",
        f"{each:.2f} s a clinic, from {len(sample)} of them",
    )
    _row("ratio", f"{each * clinics / (whole + recording):.0f}")


def _by_django(tenant_id: int) -> None:
    """Migrate one clinic as Django would, with a state and an executor of its own."""
    from django.conf import settings
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    from tenants import migrate
    from tenants.scope import entered, schema_of
    from tenants.walls import finishing_statements

    with entered(migrate.tenant_scope_of_id(tenant_id)):
        executor = MigrationExecutor(connections[migrate.OWNER])
        executor.migrate(migrate._leaves(executor.loader, settings.TENANT_APPS))  # noqa: SLF001
        for statement in finishing_statements(migrate.ask, schema_of(tenant_id)):
            migrate.execute(statement)
        migrate.set_heads(tenant_id, migrate.heads_digest(), past="")


def _same_shape(one: int, other: int) -> None:
    """Hold that both ways lead to the same tables, walls and triggers."""
    from tenants import isolation

    shapes = [
        {
            line.replace(f"c_{pk}", "#")
            .replace(f"tenant_id = {pk}", "#")
            .replace(f"default {pk}", "#")
            for line in isolation._schema_shape(pk)  # noqa: SLF001
            if "bench" in line
        }
        for pk in (one, other)
    ]
    assert shapes[0] == shapes[1], sorted(shapes[0] ^ shapes[1])[:3]
    assert len(shapes[0]) > 10, "the migration has left nothing"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
