"""People at work while an import loads: with real commits."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, connections

from clinical.patients.models import Patient
from onboarding.imports import at_work, runs, services, tasks
from onboarding.imports.models import ImportLink, ImportRun
from onboarding.imports.replacing import Replacement
from onboarding.imports.services import import_file
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope

OWNER = Actor(label="Olive Owner")
PEOPLE = [
    {"ID_Patient": "1", "Name First": "Ann", "Name Last": "Lee", "Phone Home": "02 5550 1234"},
    {"ID_Patient": "2", "Name First": "Bob", "Name Last": "Ray"},
]


@pytest.fixture
def clinic(committed):
    with public_scope():
        return Tenant.objects.get(subdomain="alpha")


def in_thread(work):
    """A thread of its own, with database connections of its own that end with it."""

    def run():
        try:
            work()
        finally:
            connections.close_all()

    return threading.Thread(target=run)


def test_an_edit_that_is_not_committed_yet_is_waited_for_and_kept(clinic, clinic_file):
    """Without the lock the importer would read the row as it was and write over the edit."""
    import_file(clinic, clinic_file(Patients=PEOPLE), actor=OWNER)
    renamed = [{**PEOPLE[0], "Name Last": "From-File"}, PEOPLE[1]]
    path = clinic_file(Patients=renamed)
    reports: list[dict] = []
    importer = in_thread(lambda: reports.append(import_file(clinic, path, actor=OWNER)))

    with tenant_scope(clinic):
        ann = Patient.objects.get(family_name="Lee")
        Patient.objects.filter(pk=ann.pk).update(family_name="Married")
        importer.start()
        _wait_until_it_waits()
    importer.join(timeout=60)

    with tenant_scope(clinic):
        assert Patient.objects.get(pk=ann.pk).family_name == "Married"
    (report,) = reports
    patients = next(table for table in report["tables"] if table["name"] == "Patients")
    assert {issue["code"] for issue in patients["issues"]} == {"kept_edit"}


def _wait_until_it_waits() -> None:
    """Until another session waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.1)
    pytest.fail("the import never came to the row")


def test_during_a_full_re_import_others_read_what_was_there_and_cannot_write(
    clinic, clinic_file, monkeypatch
):
    import_file(clinic, clinic_file(Patients=PEOPLE), actor=OWNER)
    reached, go_on = threading.Event(), threading.Event()
    original = Replacement.sweep

    def dawdle(self):
        reached.set()
        go_on.wait(30)
        original(self)

    monkeypatch.setattr(Replacement, "sweep", dawdle)
    path = clinic_file(Patients=[{**PEOPLE[0], "Name Last": "Anew"}])
    importer = in_thread(
        lambda: import_file(clinic, path, actor=OWNER, mode=ImportRun.Mode.REPLACE)
    )
    importer.start()
    assert reached.wait(60)
    try:
        with tenant_scope(clinic), connection.cursor() as cursor:
            names = set(Patient.objects.values_list("family_name", flat=True))
            assert names == {"Lee", "Ray"}
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            with pytest.raises(Exception, match="lock timeout"):
                Patient.objects.create(family_name="In-Between")
            connection.set_rollback(True)
    finally:
        go_on.set()
        importer.join(timeout=60)

    with tenant_scope(clinic):
        assert set(Patient.objects.values_list("family_name", flat=True)) == {"Anew"}
        assert ImportLink.objects.count() == 1


def test_clinics_without_an_import_are_not_opened(clinic, clinic_file, monkeypatch):
    looked: list[str] = []
    monkeypatch.setattr(
        runs, "runs_at_work", lambda **_: looked.append("in") or runs.AtWork([], [])
    )
    list(at_work.marked())

    tasks.resume_stale.apply(throw=True)
    assert looked == []

    with tenant_scope(clinic):
        at_work.mark()
    tasks.resume_stale.apply(throw=True)
    assert looked == ["in"]
    tasks.resume_stale.apply(throw=True)
    assert looked == ["in"]


def test_a_run_at_work_is_remembered_until_it_has_ended_and_found_even_if_forgotten(
    clinic, clinic_file, monkeypatch
):
    sent: list[str] = []
    import_file(clinic, clinic_file(Patients=PEOPLE), actor=OWNER, dry_run=True)
    with tenant_scope(clinic):
        run = ImportRun.objects.get()
        services.request_step(run.pk, ImportRun.State.LOADING)
    assert list(at_work.marked()) == [clinic.pk]
    at_work.keep_marked(clinic.pk)

    tasks.resume_stale.apply(throw=True)  # fresh: looked at, not taken up, still remembered
    assert list(at_work.marked()) == [clinic.pk]
    with tenant_scope(clinic):
        run.progress.heartbeat_at = None
        run.progress.save()
    monkeypatch.setattr(
        tasks.load_run, "delay_for", lambda _tenant, run_id: sent.append(run_id), raising=False
    )
    tasks.resume_stale.apply(throw=True)  # forgotten meanwhile: nothing is looked at
    assert sent == []
    tasks.resume_forgotten.apply(throw=True)

    assert sent == [str(run.pk)]
