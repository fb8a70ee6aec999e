"""An export from the question to its deletion."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tracemalloc
import zipfile
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from clinical.documents.models import Document
from clinical.patients.models import ContactPoint, Patient
from onboarding.takeout import services, writing
from onboarding.takeout.services import AnotherTakeoutError, TakeoutError
from tenants.scope import tenant_scope
from tenants.storage import clinic_storage, work_dir

if TYPE_CHECKING:
    from onboarding.takeout.models import Takeout

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def owner(alpha):
    with tenant_scope(alpha):
        return User.objects.create(email="o@example.com", name="Olive Owner", role="owner")


def _asked(alpha, owner, **wanted) -> Takeout:
    with tenant_scope(alpha):
        return services.ask_for_takeout(
            actor=owner, **{"with_files": False, "with_mark": True, **wanted}
        )


def _written(alpha, owner, **wanted) -> Takeout:
    takeout = _asked(alpha, owner, **wanted)
    return services.write_takeout(alpha, takeout.pk)


def _zip(alpha, takeout) -> zipfile.ZipFile:
    with tenant_scope(alpha):
        stream = clinic_storage().stream(takeout.storage_key)
    with closing(stream):
        return zipfile.ZipFile(io.BytesIO(stream.read()))


def _rows(archive: zipfile.ZipFile, table: str, encoding: str = "utf-8-sig") -> list[dict]:
    text = archive.read(f"tables/{table}.csv").decode(encoding)
    return list(csv.DictReader(io.StringIO(text)))


def _document(patient: Patient, content: bytes) -> Document:
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"patients/{patient.pk}/{sha256}.txt"
    default_storage.save(key, ContentFile(content))
    return Document.objects.create(
        patient=patient, state="stored", sha256=sha256, size=len(content), storage_key=key
    )


def test_everything_is_in_it_as_it_stands(alpha, owner):
    with tenant_scope(alpha):
        ada = Patient.objects.create(
            given_names="Ada", family_name="=HYPERLINK(1)", extra={"Pet": "Dög"}
        )
        ContactPoint.objects.create(patient=ada, kind="mobile", value="+61 400 000 111")

    takeout = _written(alpha, owner)

    archive = _zip(alpha, takeout)
    (row,) = _rows(archive, "patients_patient")
    assert (row["given_names"], row["family_name"], row["extra"]) == (
        "Ada",
        "'=HYPERLINK(1)",
        '{"Pet": "Dög"}',
    )
    assert row["id"] == str(ada.pk)
    assert [point["value"] for point in _rows(archive, "patients_contactpoint")] == [
        "'+61 400 000 111"
    ]
    assert archive.testzip() is None
    assert (takeout.state, takeout.missing_files) == ("ready", 0)
    assert takeout.total == sum(entry["rows"] for entry in takeout.tables)


def test_the_manifest_accounts_for_every_entry(alpha, owner):
    takeout = _written(alpha, owner)

    archive = _zip(alpha, takeout)
    manifest = json.loads(archive.read("manifest.json"))
    entries = {entry["path"]: entry for entry in manifest["entries"]}
    assert set(archive.namelist()) == {*entries, "manifest.json"}
    for path, entry in entries.items():
        content = archive.read(path)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest(), path
        assert entry["bytes"] == len(content)
        if "table" in entry:
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
            assert len(rows) - 1 == entry["rows"]
        elif "rows" in entry:
            assert content.count(b"\n") == entry["rows"]
    assert "accounts_user.password" in manifest["left_out"]


def test_no_secret_is_in_it(alpha, owner):
    with tenant_scope(alpha):
        owner.set_password("a very long pass phrase")
        owner.save()

    archive = _zip(alpha, _written(alpha, owner))

    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert owner.password.encode() not in everything
    assert b"argon2" not in everything
    (person,) = _rows(archive, "accounts_user")
    assert "password" not in person
    assert person["email"] == "o@example.com"


def test_the_mark_is_left_out_where_it_is_not_wanted(alpha, owner):
    archive = _zip(alpha, _written(alpha, owner, with_mark=False))

    assert (
        archive.read("tables/accounts_user.csv").startswith(b"id,")
        or archive.read("tables/accounts_user.csv")[:3] != b"\xef\xbb\xbf"
    )


def test_files_come_along_where_asked_for_each_once(alpha, owner):
    with tenant_scope(alpha):
        ada = Patient.objects.create(family_name="North")
        document = _document(ada, b"a letter")
        Document.objects.create(
            patient=ada,
            state="stored",
            sha256=document.sha256,
            size=8,
            storage_key=document.storage_key,
        )
        gone = _document(ada, b"lost")
        default_storage.delete(gone.storage_key)
        changed = _document(ada, b"was this")
        default_storage.delete(changed.storage_key)
        default_storage.save(changed.storage_key, ContentFile(b"is that"))
        infected = _document(ada, b"evil")
        Document.objects.filter(pk=infected.pk).update(scan="infected")

    takeout = _written(alpha, owner, with_files=True)

    archive = _zip(alpha, takeout)
    asked = {f"files/{one.storage_key}" for one in (document, gone, changed, infected)}
    assert sorted(asked.intersection(archive.namelist())) == sorted(
        [f"files/{document.storage_key}", f"files/{changed.storage_key}"]
    )
    assert archive.read(f"files/{document.storage_key}") == b"a letter"
    problems = json.loads(archive.read("manifest.json"))["problems"]
    assert {problem["document"]: problem["why"] for problem in problems} == {
        str(gone.pk): "missing",
        str(changed.pk): "not the bytes that were stored",
    }
    assert takeout.missing_files == 2


def test_the_neighbours_rows_are_not_in_it(alpha, beta, owner):
    with tenant_scope(beta):
        Patient.objects.create(family_name="Neighbour")

    assert _rows(_zip(alpha, _written(alpha, owner)), "patients_patient") == []


def test_one_at_a_time_and_only_those_who_may(alpha, owner):
    _asked(alpha, owner)

    with tenant_scope(alpha):
        with pytest.raises(AnotherTakeoutError):
            services.ask_for_takeout(actor=owner, with_files=False, with_mark=False)
        for role in ("clinician", "reception", "billing", "coordinator"):
            person = User.objects.create(email=f"{role}@example.com", name=role, role=role)
            with pytest.raises(PermissionDenied):
                services.ask_for_takeout(actor=person, with_files=False, with_mark=False)


def test_what_goes_wrong_is_said_and_leaves_nothing_behind(alpha, owner, monkeypatch):
    def full(*_args):
        raise writing.NoRoomError(5_000_000_000)

    monkeypatch.setattr(writing.TakeoutWriter, "_check_room", full)
    takeout = _asked(alpha, owner)

    with pytest.raises(writing.NoRoomError):
        services.write_takeout(alpha, takeout.pk)

    with tenant_scope(alpha):
        takeout.refresh_from_db()
        assert takeout.state == "failed"
        assert "5.0 GB" in takeout.problem
        assert list(work_dir("takeout").glob("*.part")) == []


def test_an_export_ends_after_its_time_and_a_dead_one_is_called_so(alpha, owner):
    takeout = _written(alpha, owner)
    key = takeout.storage_key
    with tenant_scope(alpha):
        assert services.tidy(now=takeout.expires_at - timedelta(minutes=1)) == 0
        assert services.tidy(now=takeout.expires_at) == 1
        takeout.refresh_from_db()
        assert (takeout.state, takeout.storage_key) == ("deleted", "")
        assert not default_storage.exists(key)
    dead = _asked(alpha, owner)
    with tenant_scope(alpha):
        services.tidy(now=timezone.now() + timedelta(hours=1))
        dead.refresh_from_db()
        assert dead.state == "failed"


def test_a_second_delivery_finds_nothing_to_do(alpha, owner):
    takeout = _written(alpha, owner)

    again = services.write_takeout(alpha, takeout.pk)

    assert (again.state, again.sha256) == ("ready", takeout.sha256)


def test_a_working_export_is_not_deleted(alpha, owner):
    takeout = _asked(alpha, owner)

    with tenant_scope(alpha), pytest.raises(TakeoutError):
        services.delete_takeout(takeout, actor=owner)


def test_each_step_is_on_record(alpha, owner):
    takeout = _written(alpha, owner)
    with tenant_scope(alpha):
        services.note_download(takeout)
        services.delete_takeout(takeout, actor=owner)

        actions = Event.objects.filter(object_id=str(takeout.pk)).values_list("action", flat=True)

        assert {"export", "export.written", "export.download", "export.delete"} <= set(actions)


def test_memory_does_not_grow_with_the_rows(alpha, owner):
    with tenant_scope(alpha):
        Patient.objects.bulk_create(
            Patient(family_name=f"P{n}", notes="x" * 4_000, number=n + 1) for n in range(1_200)
        )
    takeout = _asked(alpha, owner)
    tracemalloc.start()

    services.write_takeout(alpha, takeout.pk)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000, f"{peak / 1e6:.0f} MB"
