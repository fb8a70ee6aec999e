"""The job that writes an archive: all of one clinic at one instant, whatever dies on the way."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from contextlib import closing
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from accounts.models import User
from audit.models import Event, Seal
from audit.services import seal
from audit.trails import trail_of
from clinical.patients.models import ContactPoint, Patient
from onboarding.takeout import manifest, services, verify, writing
from onboarding.takeout.models import Takeout
from tenants import jobs
from tenants.models import Job
from tenants.scope import platform_scope, public_scope, tenant_scope
from tenants.storage import clinic_storage, work_dir

pytestmark = pytest.mark.usefixtures("committed", "no_worker")

SECRET = "pbkdf2$canary-of-a-password"


@pytest.fixture
def people(alpha, beta):
    for clinic, name in ((alpha, "Ada\tTab \\N"), (beta, "Canaryneighbour")):
        with tenant_scope(clinic):
            User.objects.create(email="o@example.com", name="O", role="owner", password=SECRET)
            pk = Patient.objects.create(family_name=name).pk
            clinic_storage().save(
                f"patients/{pk}/{name[:6]}.txt".replace("\t", "_"), ContentFile(name.encode())
            )
        seal(trail_of(clinic))
    return alpha


def asked(clinic, **params) -> Job:
    with platform_scope():
        return jobs.ask(
            "export", clinic, asked_by="op@example.com", asked_from="operators", **params
        )


def archive_of(clinic, job: Job) -> zipfile.ZipFile:
    with tenant_scope(clinic):
        takeout = Takeout.objects.get(pk=job.result["takeout"])
        assert takeout.state == "ready"
        stream = clinic_storage().stream(takeout.storage_key)
    with closing(stream):
        return zipfile.ZipFile(io.BytesIO(stream.read()))


def test_an_operators_archive_has_everything_of_one_clinic_and_can_be_verified_anywhere(
    people, tmp_path, capsys
):
    done = jobs.run(asked(people, with_files=True).pk)

    assert done.state == Job.State.DONE, done.problem
    archive = archive_of(people, done)
    everything = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name, content in everything.items() if b"Canaryneighbour" in content]
    assert not [name for name, content in everything.items() if SECRET.encode() in content]
    assert [name for name in everything if name.startswith("files/patients/")]
    assert b"Ada\\tTab \\\\N" in everything["rows/patients_patient.copy"]
    assert json.loads(everything["fhir/Patient.ndjson"])["resourceType"] == "Patient"
    said = json.loads(everything[manifest.MANIFEST])
    assert said["tables"]["accounts_user"]["in"] == manifest.SEALED
    assert "rows/accounts_user.copy" not in everything
    assert said["tables"]["patients_patient"]["rows"] == 1
    assert said["sequences"]["patients_patient_number"][1] is True
    path = tmp_path / "all.zip"
    path.write_bytes(archive.fp.getvalue())
    assert verify.main(path) == 0
    assert "1 seals hold" in capsys.readouterr().out
    with tenant_scope(people):
        actions = set(Event.objects.values_list("action", flat=True))
        assert {"export", "export.written"} <= actions


def test_a_command_has_the_archive_written_where_it_says_and_nobody_else(people, tmp_path):
    target = tmp_path / "out.zip"
    with public_scope(using="owner"):
        job = jobs.ask("export", people, asked_by="root", asked_from="command", to=str(target))
    assert jobs.run(job.pk).state == Job.State.DONE
    assert verify.main(target) == 0
    assert target.stat().st_mode & 0o077 == 0

    other = tmp_path / "other.zip"
    refused = jobs.run(asked(people, to=str(other)).pk)
    assert refused.state == Job.State.FAILED
    assert not other.exists()


def test_whoever_edits_an_archive_is_found_out(people, tmp_path, capsys):
    path = tmp_path / "all.zip"
    services.export_to(people, path, with_files=False)
    assert path.stat().st_mode & 0o077 == 0

    def edited(name: str, change, *, sums: bool) -> str:
        other = tmp_path / "edited.zip"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
            said = json.loads(old.read(manifest.MANIFEST))
            for entry in said["entries"]:
                content = old.read(entry["path"])
                if entry["path"] == name:
                    content = change(content)
                    if sums:
                        entry |= {
                            "sha256": hashlib.sha256(content).hexdigest(),
                            "bytes": len(content),
                        }
                new.writestr(entry["path"], content)
            new.writestr(manifest.MANIFEST, json.dumps(said))
        assert verify.main(other) == 1
        return capsys.readouterr().out

    def quieter(content: bytes) -> bytes:
        return content.replace(b"create", b"update", 1)

    said = edited("rows/audit_event.copy", quieter, sums=False)
    assert "rows/audit_event.copy: damaged or changed" in said
    assert "one of its events was changed" in edited("rows/audit_event.copy", quieter, sums=True)

    def forged(content: bytes) -> bytes:
        return content.replace(b"after", b"befor", 1)

    assert "what it recorded was changed" in edited("rows/audit_payload.copy", forged, sums=True)

    def cut(content: bytes) -> bytes:
        return b"".join(content.splitlines(keepends=True)[1:])

    assert "are gone" in edited("rows/audit_event.copy", cut, sums=True)


@pytest.mark.parametrize("place", ["_write_rows", "adopt"])
def test_a_job_whose_worker_died_writes_one_archive_all_the_same(people, monkeypatch, place):
    job = asked(people, with_files=True)

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt  # what ends a process

    with monkeypatch.context() as patch:
        if place == "adopt":
            patch.setattr("onboarding.takeout.services.clinic_storage", die)
        else:
            patch.setattr(writing.TakeoutWriter, place, die)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
    with public_scope(using="owner"):
        Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))

    done = jobs.run(job.pk)

    assert done.state == Job.State.DONE, done.problem
    assert archive_of(people, done).testzip() is None
    with tenant_scope(people):
        assert Takeout.objects.count() == 1
        assert Event.objects.filter(action="export").count() == 1
        assert Event.objects.filter(action="export.written").count() == 1
        assert list(work_dir("takeout").glob("*.part")) == []
        assert Seal.objects.count() == 1


def test_all_tables_show_one_instant(people, monkeypatch, tmp_path):
    """A patient who comes with a phone while the export is written is in it with it, or not at all."""
    original = writing.TakeoutWriter._write_table

    def slow(self, archive, table):
        if table.name == "patients_contactpoint":
            thread = threading.Thread(target=_come_along, args=(people,))
            thread.start()
            thread.join()
        original(self, archive, table)

    monkeypatch.setattr(writing.TakeoutWriter, "_write_table", slow)

    services.export_to(people, tmp_path / "all.zip", with_files=False)

    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert b"Late" not in archive.read("tables/patients_patient.csv")
        assert b"0400" not in archive.read("tables/patients_contactpoint.csv")
        assert b"0400" not in archive.read("rows/patients_contactpoint.copy")
    with tenant_scope(people):
        assert Patient.objects.count() == 2


def _come_along(clinic) -> None:
    with tenant_scope(clinic):
        late = Patient.objects.create(family_name="Late")
        ContactPoint.objects.create(patient=late, kind="mobile", value="0400")
    connections["default"].close()
