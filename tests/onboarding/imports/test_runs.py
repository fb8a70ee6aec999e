"""Workers that die, workers that were believed dead, and who may go first: with real commits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from clinical.patients.models import Patient
from onboarding.imports import runs, services, tasks
from onboarding.imports.models import ImportLink, ImportRun, RunProgress
from onboarding.imports.progress import StoppedError
from onboarding.imports.runs import AnotherRunError, WrongStateError, begin_run
from onboarding.imports.services import load_run, read_file
from onboarding.imports.upload import receive_file
from tenants.models import Tenant
from tenants.scope import NOBODY, public_scope, tenant_scope

ROOT = Path(__file__).parents[3]
SLOW_LOADER = """
import sys, time, uuid
import django
django.setup()
from onboarding.imports.loading.engine import Loader
from onboarding.imports.services import load_run
from tenants.models import Tenant
from tenants.scope import public_scope

original = Loader._load_table

def dawdle(self, rule, records):
    if rule.entity == "appointment":
        self.progress.name = "halfway"
        print("halfway", flush=True)
        time.sleep(120)
    original(self, rule, records)

Loader._load_table = dawdle
with public_scope():
    alpha = Tenant.objects.get(subdomain="alpha")
load_run(alpha, uuid.UUID(sys.argv[1]), unchecked=True)
"""


@pytest.fixture
def clinic(committed):
    with public_scope():
        return Tenant.objects.get(subdomain="alpha")


def prepared(clinic, demo):
    with tenant_scope(clinic):
        run = begin_run(receive_file(demo.path, actor=NOBODY), actor=NOBODY)
    read_file(clinic, run.pk)
    with tenant_scope(clinic):
        run = ImportRun.objects.select_related("source").get(pk=run.pk)
        services.save_mapping(run, services.proposed_spec(run), actor=NOBODY)
    return run


def slow_worker(run):
    storage = settings.STORAGES["default"]["OPTIONS"]["location"]
    environment = {
        **os.environ,
        "STORAGE_URL": f"file://{storage}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", SLOW_LOADER, str(run.pk)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout.readline() == "halfway\n"
    return worker


def make_stale(clinic, run):
    with tenant_scope(clinic):
        old = datetime.now(UTC) - timedelta(minutes=5)
        RunProgress.objects.filter(run=run).update(heartbeat_at=old)


def test_a_worker_killed_in_the_middle_leaves_nothing_and_another_completes(clinic, demo):
    run = prepared(clinic, demo)
    worker = slow_worker(run)

    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=30)
    worker.stdout.close()

    with tenant_scope(clinic):
        assert not Patient.objects.exists()
        assert not ImportLink.objects.exists()
        assert ImportRun.objects.get().state == "loading"
    make_stale(clinic, run)
    assert load_run(clinic, run.pk)["holds"] is True
    with tenant_scope(clinic):
        assert Patient.objects.count() == demo.patients - demo.blank_patients
        assert RunProgress.objects.get().attempt == 2


def test_progress_is_seen_before_the_load_is_kept_and_others_must_wait(clinic, demo):
    run, other = prepared(clinic, demo), prepared(clinic, demo)
    worker = slow_worker(run)
    try:
        for _ in range(100):
            with tenant_scope(clinic):
                seen = RunProgress.objects.get(run=run)
            if seen.phase == "halfway":
                break
            time.sleep(0.1)
        assert seen.phase == "halfway"
        assert datetime.now(UTC) - seen.heartbeat_at < timedelta(seconds=20)
        with pytest.raises(AnotherRunError):
            load_run(clinic, run.pk)
        with pytest.raises(AnotherRunError):
            load_run(clinic, other.pk, unchecked=True)
        make_stale(clinic, run)
        with tenant_scope(clinic), connection.cursor() as cursor:
            cursor.execute("UPDATE imports_runprogress SET heartbeat_at = now() - interval '1 h'")
        with pytest.raises(AnotherRunError):
            load_run(clinic, run.pk)  # believed dead, but it still holds the lock
        with tenant_scope(clinic):
            assert ImportRun.objects.get(pk=run.pk).state == "loading"
    finally:
        worker.kill()
        worker.wait(timeout=30)
        worker.stdout.close()


def test_a_dead_run_is_found_and_taken_up_by_the_clock(clinic, demo, monkeypatch):
    run = prepared(clinic, demo)
    with tenant_scope(clinic):
        services.request_step(run.pk, ImportRun.State.CHECKING)
    sent = []
    monkeypatch.setattr(
        tasks.check_run, "delay_for", lambda tenant_id, run_id: sent.append((tenant_id, run_id))
    )

    tasks.resume_stale()
    assert sent == []
    make_stale(clinic, run)
    tasks.resume_stale()

    assert sent == [(clinic.pk, str(run.pk))]


def test_a_run_that_never_ends_is_given_up_after_some_attempts(clinic, demo):
    run = prepared(clinic, demo)
    with tenant_scope(clinic):
        ImportRun.objects.filter(pk=run.pk).update(state="checking")
        RunProgress.objects.filter(run=run).update(
            attempt=runs.MOST_ATTEMPTS, heartbeat_at=datetime.now(UTC) - timedelta(hours=1)
        )

    with pytest.raises(WrongStateError, match="never came to its end"):
        services.check_run(clinic, run.pk)

    with tenant_scope(clinic):
        assert ImportRun.objects.get().state == "failed"


def test_a_run_can_be_stopped_by_a_person(clinic, demo):
    run = prepared(clinic, demo)

    class Stopper(services.Progress):
        def advance(self, count):
            runs_of = RunProgress.objects.filter(run_id=self._run_id)
            runs_of.update(stop_requested=True)
            self._stop_asked.set()
            super().advance(count)

    original = services.Progress
    services.Progress = Stopper
    try:
        with pytest.raises(StoppedError):
            load_run(clinic, run.pk, unchecked=True, live=False)
    finally:
        services.Progress = original

    with tenant_scope(clinic):
        stopped = ImportRun.objects.get()
        assert (stopped.state, stopped.failed_in) == ("failed", "loading")
        assert "stopped by a person" in stopped.error
        assert not Patient.objects.exists()
