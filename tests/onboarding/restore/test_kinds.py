"""A clinic from an archive: the same to the last byte, with its people, its walls and its trail."""

from __future__ import annotations

import hashlib
import json
import zipfile
from contextlib import closing
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from audit import services as audit
from audit.models import Event, Seal
from audit.trails import trail_of
from audit.verification import verify
from clinical.patients.models import Patient
from clinical.threads.models import Thread
from connections.models import Connection, OutboxEntry
from connections.sealing import open_secrets, seal_secrets
from onboarding.restore import building, kinds, settling
from onboarding.restore.archive import Archive
from onboarding.takeout import manifest
from onboarding.takeout.services import export_to
from tenants import jobs
from tenants.checksums import checksums_of_clinic, differences, sequences_of_clinic
from tenants.models import Job, Tenant
from tenants.scope import platform_scope, public_scope, tenant_scope
from tenants.storage import clinic_storage

pytestmark = pytest.mark.usefixtures("only_two_clinics", "no_worker")

ODD = {"null": None, "number": 1.50, "text": "\\N\t\n\\", "ä": ["", None]}


@pytest.fixture
def archive(alpha, beta, tmp_path, superuser):
    """An archive of alpha, with one of each thing that is easily lost."""
    with tenant_scope(beta):
        Patient.objects.create(family_name="Canaryneighbour")
    with tenant_scope(alpha):
        owner = User.objects.create(email="o@example.com", name="O", role="owner")
        owner.set_password("a very long pass phrase")
        owner.save()
        TOTPDevice.objects.create(user=owner, name="default", key="00" * 20)
        ada = Patient.objects.create(family_name="O'Né\\il", given_names="\t", extra=ODD)
        other = Patient.objects.create(family_name="", merged_into=ada, date_of_birth=None)
        now = timezone.now()
        Thread.objects.create(subject="x", patient=other, created_at=now, last_post_at=now)
        clinic_storage().save(f"patients/{ada.pk}/a.txt", ContentFile(b"a file"))
        connection = Connection(provider="smtp", state="live")
        connection.sealed = seal_secrets(connection, {"password": "hush"})
        connection.save()
        OutboxEntry.objects.create(
            kind="mail", key="1", subject_type="x", subject_id=ada.pk, payload={"a": None}
        )
    audit.seal(trail_of(alpha))
    with tenant_scope(alpha):
        Patient.objects.filter(pk=ada.pk).update(notes="after the seal")
    superuser.execute(  # what JSON itself calls null is another thing than no value
        f"UPDATE {alpha.schema_name}.connections_outboxentry SET answer = 'null'"
    )
    path = tmp_path / "alpha.zip"
    export_to(alpha, path)
    return path


def asked(path, subdomain: str = "gamma", **params) -> Job:
    with public_scope(using="owner"):
        return jobs.ask(
            "restore", None, asked_by="op@example.com", asked_from="command",
            archive=str(path), subdomain=subdomain, **params,
        )  # fmt: skip


def deleted(tenant) -> None:
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=tenant.pk).update(state="deleted")


def test_a_restored_clinic_is_the_same_and_works(archive, alpha, beta, superuser):
    before = checksums_of_clinic(alpha)
    with tenant_scope(alpha, using="owner"):
        series = sequences_of_clinic()
    deleted(alpha)

    done = jobs.run(asked(archive).pk)

    assert done.state == Job.State.DONE, done.problem
    with public_scope():
        gamma = Tenant.objects.get(subdomain="gamma")
    assert (gamma.state, gamma.name, done.tenant_id) == ("active", alpha.name, gamma.pk)
    assert gamma.pk not in {alpha.pk, beta.pk}
    assert differences(before, checksums_of_clinic(gamma)) == []
    assert done.result["audit"]["ok"], done.result
    assert done.result["isolation"]["leaks"] == 0
    assert done.result["compared"]["tables"] > 100
    with tenant_scope(gamma, using="owner"):
        now = sequences_of_clinic()
    later = {"audit_event_id_seq"}  # the restore itself is on record
    assert {k: v for k, v in now.items() if k not in later} == {
        k: v for k, v in series.items() if k not in later
    }
    with tenant_scope(gamma):
        assert User.objects.get().check_password("a very long pass phrase")
        assert TOTPDevice.objects.get().key == "00" * 20
        assert open_secrets(Connection.objects.get()) == {"password": "hush"}
        assert OutboxEntry.objects.get().state == "waiting"
        ada = Patient.objects.get()
        assert ada.extra == ODD
        with closing(clinic_storage().stream(f"patients/{ada.pk}/a.txt")) as stream:
            assert stream.read() == b"a file"
        following = Patient.objects.create(family_name="Next")
        assert following.number == series["patients_patient_number"][0] + 1
        assert Event.objects.filter(action="create", object_id=str(following.pk)).count() == 1
    null = superuser.execute(
        f"SELECT count(*) FROM {gamma.schema_name}.connections_outboxentry "
        "WHERE answer = 'null'::jsonb"
    )
    assert null.fetchone() == (1,)
    audit.seal(trail_of(gamma))
    verdict = verify(trail_of(gamma))
    assert verdict.ok, verdict.findings
    assert verdict.seals == 2

    superuser.execute("SET session_replication_role = replica")
    superuser.execute(f"UPDATE {gamma.schema_name}.audit_origin SET clinic = {beta.pk}")
    superuser.execute("SET session_replication_role = DEFAULT")
    assert verify(trail_of(gamma)).counts["seal_edited"] == 1


def test_a_copy_beside_the_clinic_itself_is_quiet_and_for_reading(archive, alpha):
    done = jobs.run(asked(archive).pk)

    assert done.state == Job.State.DONE, done.problem
    with public_scope():
        gamma = Tenant.objects.get(subdomain="gamma")
    assert (gamma.state, done.result["is_copy"]) == ("read_only", True)
    with tenant_scope(gamma):
        assert OutboxEntry.objects.get().state == "cancelled"
        copied = Connection.objects.get()
        assert (copied.state, copied.sealed) == ("off", "")
    with tenant_scope(alpha):
        assert OutboxEntry.objects.get().state == "waiting"
        assert open_secrets(Connection.objects.get()) == {"password": "hush"}


def test_a_worker_that_dies_in_every_step_leaves_one_clinic_and_nothing_twice(
    archive, alpha, monkeypatch
):
    deleted(alpha)
    job = asked(archive)
    deaths = [
        (Archive, "check"),
        (kinds.lifecycle, "reserve_tenant"),
        (building, "_set_sequences"),
        (settling, "_end_exports"),
        (settling, "_bind"),
        (kinds, "verify"),
    ]

    def dying(original):
        def die(*args, **kwargs):
            original(*args, **kwargs)
            raise KeyboardInterrupt  # what ends a process, after the work and before it is noted

        return die

    for place, name in deaths:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, dying(getattr(place, name)))
            with pytest.raises(KeyboardInterrupt):
                jobs.run(job.pk)
        with public_scope(using="owner"):
            Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))

    done = jobs.run(job.pk)

    assert done.state == Job.State.DONE, done.problem
    with public_scope():
        assert Tenant.objects.exclude(subdomain__in=["alpha", "beta"]).count() == 1
        gamma = Tenant.objects.get(subdomain="gamma")
    with tenant_scope(gamma):
        assert Event.objects.filter(action="restore").count() == 1
        assert Patient.everyone.count() == 2
        assert Seal.objects.count() == 1
        assert open_secrets(Connection.objects.get()) == {"password": "hush"}


def test_what_cannot_be_restored_is_refused_with_the_reason_and_leaves_nothing(archive, tmp_path):
    bad = tmp_path / "bad.zip"

    def problem(path=bad, subdomain: str = "gamma") -> str:
        job = jobs.run(asked(path, subdomain).pk)
        assert job.state == Job.State.FAILED
        with public_scope():
            assert not Tenant.objects.exclude(subdomain__in=["alpha", "beta"]).exists()
        return job.problem

    assert "taken" in problem(archive, "beta")
    assert "kept for the platform" in problem(archive, "admin")
    assert "There is no file" in problem(tmp_path / "nowhere.zip")
    with platform_scope():
        elsewhere = jobs.ask(
            "restore", None, asked_by="op", asked_from="operators", archive=str(archive),
            subdomain="gamma",
        )  # fmt: skip
    assert "not a place elsewhere" in jobs.run(elsewhere.pk).problem
    bad.write_bytes(archive.read_bytes()[:-200])
    assert "its end is missing" in problem()

    def edited(change, *, sums: bool = False, said=len):
        with zipfile.ZipFile(archive) as old, zipfile.ZipFile(bad, "w") as new:
            manifested = json.loads(old.read(manifest.MANIFEST))
            for entry in manifested["entries"]:
                content = old.read(entry["path"])
                if entry["path"] == "rows/patients_patient.copy":
                    content = change(content)
                    if sums:
                        digest = hashlib.sha256(content).hexdigest()
                        entry |= {"sha256": digest, "bytes": len(content)}
                if content is not None:
                    new.writestr(entry["path"], content)
            said(manifested)
            new.writestr(manifest.MANIFEST, json.dumps(manifested))

    def other_name(content: bytes) -> bytes:
        return content.replace(b"O'N", b"o'n")

    edited(other_name)
    assert "rows/patients_patient.copy is damaged" in problem()
    edited(other_name, sums=True)
    assert "changed after it was written" in problem()
    edited(lambda _content: None)
    assert "rows/patients_patient.copy is missing" in problem()
    newer = ["patients", "9999_from_tomorrow"]
    edited(lambda same: same, said=lambda m: m["software"]["migrations"].append(newer))
    assert "newer version of Nexus: its tables have patients 9999_from_tomorrow" in problem()


def test_rows_that_do_not_come_out_as_they_were_saved_are_taken_back(
    archive, alpha, monkeypatch, superuser
):
    deleted(alpha)
    original = building.put_back

    def losing(table, columns, blocks):
        if table == "patients_patient":
            blocks = [b"".join(blocks).replace(b"after the seal", b"lost")]
        return original(table, columns, blocks)

    monkeypatch.setattr(building, "put_back", losing)
    job = jobs.run(asked(archive).pk)

    assert job.state == Job.State.FAILED
    assert "patients_patient: 2 rows in both, but not the same values" in job.problem
    schema = superuser.execute("SELECT to_regnamespace(%s)", [f"c_{job.tenant_id}"])
    assert schema.fetchone() == (None,)
