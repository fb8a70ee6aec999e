"""Moving a clinic to a second database: the same to the last value, or back where it was."""

from __future__ import annotations

import os
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clinical.patients.models import Patient
from tenants import jobs, vault
from tenants.checksums import checksums_of_clinic
from tenants.models import Job, Tenant
from tenants.scope import platform_scope, public_scope, tenant_scope
from tests.conftest import clinic_schemas


def asked(clinic, **params) -> Job:
    with platform_scope():
        return jobs.ask("move", clinic, asked_by="Olga", asked_from="operators", **params)


def now(clinic) -> Tenant:
    with public_scope(using="owner"):
        return Tenant.objects.get(pk=clinic.pk)


def age() -> None:
    with public_scope(using="owner"):
        Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))


def test_a_moved_clinic_is_the_same_and_works_there(mover, east, superuser, sign_in, alpha):
    before = checksums_of_clinic(mover)
    client = sign_in(mover, "owner")
    assert client.get("/patients/").status_code == 200
    job = asked(mover, cluster="east")

    done = jobs.run(job.pk)

    assert (done.state, done.problem) == (Job.State.DONE, "")
    assert (done.result["cluster"], done.result["tables"] > 100) == ("east", True)
    assert done.result["closed_seconds"] < 20
    clinic = now(mover)
    assert (clinic.cluster, clinic.state, clinic.state_reason) == ("east", "active", "")
    assert clinic_schemas(east) == {clinic.schema_name}
    assert f"moved_{clinic.pk}" in clinic_schemas(superuser)
    assert clinic.schema_name not in clinic_schemas(superuser)
    after = checksums_of_clinic(clinic)
    del after["accounts_user"], before["accounts_user"]  # whoever signed in was written down
    assert {name for name in after if after[name] != before.get(name)} <= {"otp_totp_totpdevice"}
    assert client.get("/patients/").status_code == 200  # sessions went along
    assert client.get("/patients/?q=person").status_code == 200  # and so did searching
    with tenant_scope(clinic):
        assert vault.open_sealed(mover.sealed, provider="xero", field="token") == "hidden"
        assert vault.open_sealed(
            vault.seal("again", provider="xero", field="token"), provider="xero", field="token"
        ) == "again"  # fmt: skip
        newest = Patient.objects.create(given_names="Newest")
        assert newest.number == max(Patient.objects.values_list("number", flat=True))
        heard = []
        transaction.on_commit(lambda: heard.append("kept"))
        assert heard == []
        with public_scope():  # the platform's own tables are still the platform's
            assert Tenant.objects.filter(pk=clinic.pk).exists()
        assert Patient.objects.count() == 31
    assert heard == ["kept"]
    assert connections["default"].settings_dict["NAME"] == settings.DATABASES["default"]["NAME"]
    with tenant_scope(alpha):
        assert Patient.objects.count() == 0
    rows = east.execute(f'SELECT count(*) FROM "{clinic.schema_name}".patients_patient').fetchone()
    assert rows == (31,)

    dropped = jobs.run(asked(clinic, drop_old=True).pk)
    assert dropped.result["dropped"] == ["main"]


_update = QuerySet.update


def _dies_switching_over(query, **changes):
    if "cluster" in changes:
        raise KeyboardInterrupt
    return _update(query, **changes)


def test_a_worker_may_die_anywhere_and_the_move_is_ended_by_another(mover, east, monkeypatch):
    job = asked(mover, cluster="east")

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    for what in (
        "onboarding.lifecycle.moving.carry",
        "onboarding.lifecycle.moving._check_walls",
        "tenants.models.Tenant.objects",
        "onboarding.lifecycle.moving._reopen",
    ):
        with monkeypatch.context() as patch:
            if what == "tenants.models.Tenant.objects":
                patch.setattr("django.db.models.query.QuerySet.update", _dies_switching_over)
            else:
                patch.setattr(what, die)
            with pytest.raises(KeyboardInterrupt):
                jobs.run(job.pk)
        age()
    done = jobs.run(job.pk)

    assert (done.state, done.problem) == (Job.State.DONE, "")
    clinic = now(mover)
    assert (clinic.cluster, clinic.state) == ("east", "active")
    with tenant_scope(clinic):
        assert Patient.objects.count() == 30
    back = jobs.run(asked(clinic, cluster="main").pk)
    assert (back.state, now(mover).cluster) == (Job.State.DONE, "")


def test_whatever_goes_wrong_leaves_the_clinic_open_where_it_was(mover, east, monkeypatch):
    for cluster, words in (
        ("nowhere", "NEXUS_CLUSTERS"),
        ("main", "already"),
        ("bare", "extension pg_trgm"),
    ):
        assert words in jobs.run(asked(mover, cluster=cluster).pk).problem
    with monkeypatch.context() as patch:
        patch.setattr(
            "onboarding.lifecycle.moving._fill", lambda *_a: None
        )  # nothing arrives: the comparison must see it
        assert "not the same" in jobs.run(asked(mover, cluster="east").pk).problem

    clinic = now(mover)
    assert (clinic.cluster, clinic.state) == ("", "active")
    with tenant_scope(clinic):
        assert Patient.objects.count() == 30


def test_who_is_still_writing_is_waited_for_and_then_nothing_is_moved(mover, east, monkeypatch):
    monkeypatch.setattr("onboarding.lifecycle.moving.WAITS", "200ms")
    parameters = psycopg.conninfo.make_conninfo(
        os.environ["DATABASE_ADMIN_URL"], dbname=settings.DATABASES["default"]["NAME"]
    )
    with psycopg.connect(parameters) as writer:
        writer.execute(
            f'LOCK TABLE "{mover.schema_name}".patients_patient IN ROW EXCLUSIVE MODE'
        )  # as every writer does
        job = jobs.run(asked(mover, cluster="east").pk)
        writer.rollback()

    assert "still writing" in job.problem
    assert (now(mover).cluster, now(mover).state) == ("", "active")
