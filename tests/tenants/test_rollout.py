"""All clinics to the newest schema: few first, none waited for, on after any crash."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import psycopg
import pytest
from celery.exceptions import Retry
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from clinical.patients.tasks import refresh_summaries
from tenants import clusters, jobs, migrate, roles, rollout, tasks
from tenants.models import Job, MigrationHead, SchemaScript, Tenant
from tenants.scope import entered, platform_scope, public_scope

pytestmark = pytest.mark.usefixtures("committed", "no_worker")

LATER = "1" * 64
SCRIPT = (
    f'CREATE TABLE "c_{migrate.TEMPLATE_ID}".rollout_mark (n integer DEFAULT {migrate.TEMPLATE_ID});'
    "ALTER TABLE practice_location ADD COLUMN rollout_mark integer"
)


@pytest.fixture
def newer_code(alpha, beta, superuser, monkeypatch):
    """Have the code be one migration ahead of the database, whose template has been recorded."""
    before = migrate.heads_digest()
    with public_scope(using="owner"):
        template = MigrationHead.objects.get(tenant_id=migrate.TEMPLATE_ID)
        SchemaScript.objects.create(from_heads=before, to_heads=LATER, sql=SCRIPT, replayable=True)
        MigrationHead.objects.filter(pk=template.pk).update(
            heads=LATER, past=migrate.longer_past(template.past, before)
        )
    monkeypatch.setattr(migrate, "heads_digest", lambda: LATER)
    monkeypatch.setattr(rollout, "PAUSE", 0.01)
    yield before
    for clinic in (alpha, beta):
        superuser.execute(f"DROP TABLE IF EXISTS {clinic.schema_name}.rollout_mark")
        superuser.execute(
            f"ALTER TABLE {clinic.schema_name}.practice_location DROP COLUMN IF EXISTS rollout_mark"
        )
    superuser.execute("DELETE FROM tenants_schemascript WHERE to_heads = %s", [LATER])
    superuser.execute(
        "UPDATE tenants_migrationhead SET heads = %s, past = %s, error = ''",
        [before, template.past],
    )


@pytest.fixture
def hollow(alpha, only_two_clinics):
    """A clinic whose schema is missing: no script can be replayed there."""
    with public_scope(using="owner"):
        clinic = Tenant.objects.create(
            name="Hollow", subdomain="hollow", schema_name="c_none", state="active"
        )
        heads = MigrationHead.objects.get(tenant_id=alpha.pk).heads
        MigrationHead.objects.create(tenant_id=clinic.pk, heads=heads)
    return clinic


def marks(superuser, *clinics) -> list[bool]:
    """Answer which of the clinics have the new table."""
    return [
        superuser.execute(
            "SELECT to_regclass(%s)", [f"{clinic.schema_name}.rollout_mark"]
        ).fetchone()[0]
        is not None
        for clinic in clinics
    ]


def states() -> dict[str, str]:
    with public_scope(using="owner"):
        return {clinic.subdomain: clinic.state for clinic in rollout.clinic_states()}


def test_every_clinic_that_is_behind_moves_and_remembers_where_it_was(
    alpha, beta, newer_code, superuser
):
    assert states() == {"alpha": "behind", "beta": "behind"}

    first = rollout.migrate_clinics(LATER)
    second = rollout.migrate_clinics(LATER)

    assert (sorted(first.migrated), first.errors, first.left) == ([alpha.pk, beta.pk], {}, 0)
    assert (second.migrated, second.current) == ([], 2)
    assert marks(superuser, alpha, beta) == [True, True]
    assert superuser.execute(
        f"SELECT column_default FROM information_schema.columns WHERE table_schema = "
        f"'{beta.schema_name}' AND table_name = 'rollout_mark'"
    ).fetchone() == (str(beta.pk),)
    with public_scope(using="owner"):
        head = MigrationHead.objects.get(tenant_id=beta.pk)
    assert (head.heads, head.past.split()[-1]) == (LATER, newer_code[:16])


@pytest.mark.usefixtures("newer_code")
def test_a_clinic_that_fails_is_put_down_and_stops_no_other_where_none_is_to_stop(
    alpha, beta, hollow, superuser
):
    report = rollout.migrate_clinics(LATER, stop_after=0)

    assert sorted(report.migrated) == [alpha.pk, beta.pk]
    assert "rollout_mark" in report.errors[hollow.pk] or "c_" in report.errors[hollow.pk]
    assert states() == {"alpha": "current", "beta": "current", "hollow": "failed"}
    again = rollout.migrate_clinics(LATER, stop_after=0)
    assert (again.migrated, list(again.errors), again.current) == ([], [hollow.pk], 2)
    assert marks(superuser, alpha, beta) == [True, True]


@pytest.mark.usefixtures("newer_code")
def test_no_clinic_is_begun_after_one_of_the_first_has_failed(alpha, beta, hollow, superuser):
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=hollow.pk).update(sandbox_of=alpha.pk)  # a sandbox goes first

    report = rollout.migrate_clinics(LATER)

    assert (list(report.errors), report.migrated, report.left) == ([hollow.pk], [], 2)
    assert marks(superuser, alpha, beta) == [False, False]


@pytest.mark.usefixtures("newer_code")
def test_a_busy_clinic_is_tried_again_and_keeps_nobody_waiting(alpha, beta, superuser, monkeypatch):
    monkeypatch.setattr(rollout, "LOCK_SECONDS", "0.05")
    tried = []
    real = rollout.migrate_one

    def watched(tenant_id, way):
        tried.append(tenant_id)
        if tried.count(alpha.pk) == 3:
            superuser.execute("ROLLBACK")  # whoever was at work there has ended
        real(tenant_id, way)

    monkeypatch.setattr(rollout, "migrate_one", watched)
    superuser.execute("BEGIN")
    superuser.execute(f"LOCK TABLE {alpha.schema_name}.practice_location IN ROW EXCLUSIVE MODE")

    report = rollout.migrate_clinics(LATER, workers=1)

    assert (tried.count(alpha.pk), tried.count(beta.pk)) == (3, 1)
    assert (report.migrated, report.errors) == ([beta.pk, alpha.pk], {})


@pytest.mark.usefixtures("newer_code")
def test_a_clinic_that_stays_busy_fails_with_the_reason(alpha, superuser, monkeypatch):
    monkeypatch.setattr(rollout, "LOCK_SECONDS", "0.02")
    superuser.execute("BEGIN")
    superuser.execute(f"LOCK TABLE {alpha.schema_name}.practice_location IN ROW EXCLUSIVE MODE")
    try:
        report = rollout.migrate_clinics(LATER, stop_after=0)
    finally:
        superuser.execute("ROLLBACK")

    assert "lock timeout" in report.errors[alpha.pk]
    assert states() == {"alpha": "failed", "beta": "current"}


@pytest.mark.usefixtures("newer_code")
def test_a_run_cut_off_in_a_clinic_leaves_it_as_it_was_and_the_next_goes_on(
    alpha, beta, superuser, monkeypatch
):
    real = migrate.set_heads

    def die(tenant_id, heads, *, past):
        real(tenant_id, heads, past=past)
        if tenant_id == beta.pk:
            raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "set_heads", die)
    monkeypatch.setattr(migrate, "migrate_public", lambda **_: None)
    with platform_scope():
        job = rollout.ask_for_run(asked_by="Olga", asked_from="operators")

    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)

    assert marks(superuser, beta) == [False]
    assert states()["beta"] == "behind"
    monkeypatch.setattr(migrate, "set_heads", real)
    with public_scope(using="owner"):
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    done = jobs.run(job.pk)
    assert (done.state, done.result["failed"], done.attempts) == (Job.State.DONE, 0, 2)
    assert marks(superuser, alpha, beta) == [True, True]


@pytest.mark.usefixtures("newer_code")
def test_a_run_is_paused_and_resumed(alpha, beta, superuser, monkeypatch):
    monkeypatch.setattr(migrate, "migrate_public", lambda **_: None)
    with platform_scope():
        job = rollout.ask_for_run(asked_by="Olga", asked_from="operators")
        with pytest.raises(jobs.JobOpenError):
            rollout.ask_for_run(asked_by="Otto", asked_from="operators")
        assert rollout.pause_run().state == Job.State.CANCELLED
        with pytest.raises(jobs.JobError, match="No migration"):
            rollout.pause_run()

    assert jobs.run(job.pk) is None
    assert marks(superuser, alpha, beta) == [False, False]

    with platform_scope():
        assert rollout.resume_run().state == Job.State.QUEUED
    assert jobs.run(job.pk).result["migrated"] == 2
    with platform_scope():
        summary = rollout.summary()
    assert (summary["current"], summary["ok"], summary["job"]["state"]) == (2, True, "done")


@pytest.mark.usefixtures("newer_code")
def test_only_the_clinic_that_waits_for_its_migration_is_refused(alpha, beta):
    with public_scope(using="owner"):
        MigrationHead.objects.filter(tenant_id=beta.pk).update(heads=LATER)

    waiting = Client(headers={"host": alpha.host}).get("/")
    machine = Client(headers={"host": alpha.host}).get("/api/v1/patients/")
    served = Client(headers={"host": beta.host}).get("/")

    assert waiting.status_code == machine.status_code == 503
    assert waiting.headers["Retry-After"] == machine.headers["Retry-After"] == "20"
    assert "is being updated" in waiting.content.decode()
    assert "is being updated" in machine.json()["title"]
    assert served.status_code == 302
    assert [clinic.subdomain for clinic in tasks.active_clinics()] == ["beta"]
    with pytest.raises(Retry):
        refresh_summaries.apply(headers={tasks.TENANT_HEADER: alpha.pk}, throw=True)


def test_a_clinic_made_by_newer_code_is_served_by_the_version_before(alpha, newer_code):
    migrate.record_heads(alpha.pk, LATER)  # as its creation does

    with public_scope(using="owner"):
        head = MigrationHead.objects.get(tenant_id=alpha.pk)
    assert head.past.split()[-1] == newer_code[:16]


def test_a_version_before_serves_what_a_newer_one_has_migrated(alpha, monkeypatch, newer_code):
    rollout.migrate_clinics(LATER)
    monkeypatch.setattr(migrate, "heads_digest", lambda: newer_code)

    assert Client(headers={"host": alpha.host}).get("/").status_code == 302
    assert states() == {"alpha": "newer", "beta": "newer"}
    assert rollout.migrate_clinics(newer_code).current == 2
    monkeypatch.setattr(migrate, "heads_digest", lambda: "2" * 64)
    assert Client(headers={"host": alpha.host}).get("/").status_code == 503


@pytest.mark.usefixtures("newer_code")
def test_the_command_says_how_far_each_clinic_is(capsys):
    with pytest.raises(CommandError, match="run `nexus migrate`"):
        call_command("migrate", status=True, json=True)
    found = json.loads(capsys.readouterr().out)
    rollout.migrate_clinics(LATER)
    call_command("migrate", status=True)

    assert (found["behind"], found["ok"]) == (2, False)
    assert [clinic["subdomain"] for clinic in found["states"]] == ["alpha", "beta"]
    assert "2 clinics: 2 current, 0 behind" in capsys.readouterr().out


@pytest.fixture
def east(beta, committed, settings):
    """A second database, with the schema of beta in it."""
    name = f"{settings.DATABASES['default']['NAME']}_rollout"
    admin = os.environ["DATABASE_ADMIN_URL"]
    roles.bootstrap_database(admin, name=name)
    settings.CLUSTERS = {
        "east": {
            alias: {**settings.DATABASES[alias], "NAME": name} for alias in ("default", "owner")
        }
    }
    with public_scope(using="owner"):
        migrate.load_scripts(migrate.heads_digest())
        Tenant.objects.filter(pk=beta.pk).update(cluster="east")
    with entered(migrate.tenant_scope_of_id(beta.pk)):
        migrate.build_schema(beta.pk)
    with psycopg.connect(admin, dbname=name, autocommit=True) as raw:
        yield raw
    clusters.close_all()
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=beta.pk).update(cluster="")
    with psycopg.connect(admin, autocommit=True) as raw:
        raw.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_clinic_in_another_database_moves_there_and_its_record_follows(
    alpha, beta, east, newer_code, superuser
):
    # The last of its migrations is not there yet: the code's newest one exists in this test only.
    behind = f"{beta.schema_name}.django_migrations"
    last = east.execute(
        f"DELETE FROM {behind} WHERE id = (SELECT max(id) FROM {behind}) RETURNING app, name"
    ).fetchone()

    report = rollout.migrate_clinics(LATER)

    assert (sorted(report.migrated), report.errors) == ([alpha.pk, beta.pk], {})
    assert (marks(superuser, alpha, beta), marks(east, beta)) == ([True, False], [True])
    east.execute(
        f"INSERT INTO {behind} (app, name, applied, tenant_id) VALUES (%s, %s, now(), %s)",
        [*last, beta.pk],
    )
    with public_scope(using="owner"):  # a run that died before the record was written
        MigrationHead.objects.filter(tenant_id=beta.pk).update(heads=newer_code)
    assert rollout.migrate_clinics(LATER).migrated == [beta.pk]
