"""Deleting a clinic: two people, a time to call it off, and then nothing is left but the proof."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from clinical.patients.models import Patient
from onboarding.lifecycle.models import Certificate
from onboarding.signup.models import Signup
from tenants import jobs, lifecycle, vault
from tenants.jobs import JobError
from tenants.models import DataKey, Job, Tenant, VendorBinding
from tenants.scope import platform_scope, public_scope, tenant_scope
from tenants.storage import platform_storage

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def doomed(alpha):
    """Answer a clinic with a patient, a secret, a file, a vendor's key and something in the cache."""
    made = lifecycle.create_tenant(name="Doomed Dental", subdomain="doomed")
    with tenant_scope(made):
        Patient.objects.create(given_names="Vera", family_name="Vanish")
        vault.seal("hidden", provider="xero", field="token")
        platform_storage().save("patients/x/letter.txt", ContentFile(b"Dear Vera"))
        cache.set("greeting", "Dear Vera")
    with public_scope(using="owner"):
        VendorBinding.objects.create(digest="0" * 64, tenant=made, connection_id=made_up())
    return made


def made_up():
    from tenants.ids import uuid7

    return uuid7()


def asked(clinic, *, asked_by="Olga", **params) -> Job:
    with platform_scope():
        return jobs.ask("delete", clinic, asked_by=asked_by, asked_from="operators", **params)


def approved(job: Job) -> Job:
    with platform_scope():
        return jobs.approve(Job.objects.get(pk=job.pk), approved_by="Pavel")


def row(model, **wanted):
    with public_scope(using="owner"):
        return model.objects.filter(**wanted).first()


def come_due(job: Job) -> None:
    """Let the days of grace pass."""
    notes = {**row(Job, pk=job.pk).notes, "until": timezone.now().isoformat()}
    with public_scope(using="owner"):
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now(), notes=notes)


def age(job: Job) -> None:
    with public_scope(using="owner"):
        Job.objects.filter(pk=job.pk).update(
            heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1)
        )


def door(clinic) -> Client:
    return Client(headers={"host": clinic.host}).get("/login/")


def test_a_clinic_is_closed_at_once_and_comes_back_where_it_is_called_off(doomed, superuser):
    job = asked(doomed, confirm="doomed")
    assert jobs.run(job.pk) is None  # one person is not enough
    assert door(doomed).status_code == 200
    approved(job)

    waiting = jobs.run(job.pk)

    assert (waiting.state, waiting.step) == (Job.State.QUEUED, "wait")
    assert timedelta(days=29) < waiting.not_before - timezone.now() < timedelta(days=31)
    assert b"will be destroyed on" in door(doomed).content
    assert jobs.run(job.pk) is None  # before its time nobody gets it
    with platform_scope():
        jobs.cancel(row(Job, pk=job.pk))
    assert door(doomed).status_code == 200
    assert row(Tenant, pk=doomed.pk).state_reason == ""
    with tenant_scope(doomed):
        assert Patient.objects.count() == 1


def test_what_was_not_typed_is_not_deleted_nor_what_was_to_be_exported_first(doomed):
    for params, words in (
        ({"confirm": "alpha"}, "has to be typed"),
        ({"confirm": "doomed", "export_first": True}, "Export the clinic"),
        ({"confirm": "doomed", "days": -1}, "whole number"),
    ):
        job = asked(doomed, **params)
        approved(job)
        assert words in jobs.run(job.pk).problem
        assert door(doomed).status_code == 200


def test_at_each_step_a_worker_may_die_and_in_the_end_all_is_gone(
    doomed, alpha, superuser, monkeypatch, tmp_path
):
    job = asked(doomed, confirm="doomed", days=0)
    approved(job)

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    for what in (
        "onboarding.lifecycle.deleting._files",
        "tenants.vault.shred",
        "tenants.storage.ScopedFileSystemStorage.delete",
        "onboarding.lifecycle.deleting._forget_in_cache",
        "onboarding.lifecycle.certificates.render_pdf",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(what, die)
            with pytest.raises(KeyboardInterrupt):
                jobs.run(job.pk)
        age(job)
        with platform_scope(), pytest.raises(JobError, match="broken off"):
            jobs.cancel(row(Job, pk=job.pk))

    ended = jobs.run(job.pk)

    assert (ended.state, ended.problem) == (Job.State.DONE, "")
    assert (ended.result["files"], ended.result["keys"]) == (1, 1)
    gone = superuser.execute("SELECT to_regnamespace(%s)", [doomed.schema_name]).fetchone()
    assert gone == (None,)
    assert row(DataKey, tenant_id=doomed.pk) is None
    assert row(VendorBinding, tenant_id=doomed.pk) is None
    with tenant_scope(doomed):
        assert cache.get("greeting") is None
        assert list(platform_storage().names_below("")) == []
    left = row(Tenant, pk=doomed.pk)
    assert (left.state, left.name) == ("deleted", f"Deleted clinic {doomed.pk}")
    with pytest.raises(lifecycle.SubdomainError, match="taken"):
        lifecycle.create_tenant(name="Heir", subdomain="doomed")
    assert door(doomed).status_code == 404
    with tenant_scope(alpha):
        assert Patient.objects.count() == 0  # and the neighbour's tables stand

    proof = row(Certificate, tenant_id=doomed.pk)
    assert bytes(proof.pdf).startswith(b"%PDF-")
    assert (proof.facts["asked_by"], proof.facts["approved_by"]) == ("Olga", "Pavel")
    assert dict(proof.facts["tables"])["patients_patient"] == 1
    assert proof.facts["clinic"] == "Doomed Dental"
    assert "Vera" not in str(proof.facts)
    call_command("certificate", "doomed", output=tmp_path / "proof.pdf", stdout=io.StringIO())
    assert (tmp_path / "proof.pdf").read_bytes() == bytes(proof.pdf)

    with public_scope(using="owner"):
        Tenant.objects.filter(pk=doomed.pk).update(deleted_at=timezone.now() - timedelta(days=366))
    heir = lifecycle.create_tenant(name="Heir", subdomain="doomed")
    assert door(heir).status_code == 200


def test_a_sign_up_that_nobody_confirmed_is_swept_by_one_and_no_other_clinic_is(doomed, alpha):
    empty = lifecycle.create_tenant(name="Nobody's", subdomain="nobodys")
    with public_scope(using="owner"):
        Signup.objects.create(
            clinic_name="Nobody's", subdomain="nobodys", owner_name="N", email="n@example.com",
            clinic_id=empty.pk, terms_version="1",
        )  # fmt: skip

    def swept(clinic) -> Job:
        with public_scope(using="owner"):
            job = jobs.ask(
                "delete", clinic, asked_by="sweep", asked_from="platform", unverified=True
            )
        return jobs.run(job.pk)

    assert swept(empty).state == Job.State.DONE
    assert row(Tenant, pk=empty.pk).state == "deleted"
    assert row(Signup, clinic_id=empty.pk) is None
    assert "has patients" in swept(doomed).problem
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=alpha.pk).update(verified_at=timezone.now())
    assert "confirmed" in swept(alpha).problem
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=alpha.pk).update(verified_at=None)
    assert door(doomed).status_code == door(alpha).status_code == 200


def test_the_command_asks_and_a_second_person_lets_it_be_done(doomed):
    def say(*words: str) -> str:
        out = io.StringIO()
        call_command("tenants", *words, stdout=out, stderr=io.StringIO())
        return out.getvalue()

    with pytest.raises(CommandError, match="second person"):
        say("delete", "doomed", "--confirm", "doomed", "--days", "0", "--actor", "Olga")
    job = row(Job, tenant_id=doomed.pk)
    with pytest.raises(CommandError, match="second person"):
        say("approve", str(job.pk), "--actor", "olga")
    assert "deleted" in say("approve", str(job.pk), "--actor", "Pavel")
