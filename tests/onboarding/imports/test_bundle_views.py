from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from django.urls import reverse

from onboarding.imports import bundle_tasks, filing_tasks, tasks
from onboarding.imports.models import FileTask, ImportRun, ImportSource, SourceFile
from onboarding.imports.services import import_file, read_file
from tenants.scope import tenant_scope

ROOT = "/settings/data/import/"


@pytest.fixture(autouse=True)
def queued(monkeypatch):
    """The steps that were sent to a worker, which is not there."""
    sent = []
    for module, name in (
        (bundle_tasks, "look_at_files"),
        (filing_tasks, "file_run"),
        (tasks, "read_file"),
    ):
        task = getattr(module, name)
        monkeypatch.setattr(task, "delay", lambda pk, name=name: sent.append((name, pk)))
    return sent


def url(name, **words):
    return reverse(f"imports:{name}", urlconf="config.urls_clinic", kwargs=words)


def create(client, name, size, **more):
    return client.post(
        f"{ROOT}uploads/",
        json.dumps({"name": name, "size": size, **more}),
        content_type="application/json",
    )


def send(client, name, body, **more):
    made = create(client, name, len(body), **more).json()
    return client.put(
        made["url"],
        body,
        content_type="application/octet-stream",
        headers={"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"},
    )


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, body in members:
            made.writestr(name, body)
    return file.getvalue()


@pytest.fixture
def body(demo):
    return demo.path.read_bytes()


def test_several_files_join_one_import_and_are_read_when_it_is_said(
    alpha, sign_in, body, queued, django_capture_on_commit_callbacks
):
    client = sign_in(alpha, "owner")
    other = b"Id,Name\n1,Ann Lee\n2,Bea Lee\n"

    first = send(client, "Clinic.fmp12", body, several=True).json()
    second = send(client, "Other.csv", other, job=first["job"]).json()

    assert first["complete"] is second["complete"] is True
    assert second["next"] == url("job", pk=first["job"])
    page = client.get(second["next"])
    assert "Clinic.fmp12" in page.text
    assert "Read these 2 files" in page.text
    assert client.get(url("upload")).headers["Location"] == second["next"]
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(url("read_job", pk=first["job"]))
    with tenant_scope(alpha):
        run = ImportRun.objects.get()
    assert answer.headers["Location"] == url("detail", pk=run.pk)
    assert ("read_file", str(run.pk)) in queued
    read_file(alpha, run.pk, live=False)
    with tenant_scope(alpha):
        assert run.source.files.filter(slot__isnull=False).count() == 2


def test_a_zip_that_is_not_unpacked_is_said_and_shown(alpha, sign_in):
    client = sign_in(alpha, "owner")

    answer = send(client, "Clinic.zip", zipped(("../x.fmp12", b"1")))

    assert answer.status_code == 422
    assert "outside its folder" in answer.json()["detail"]
    with tenant_scope(alpha):
        assert ImportSource.objects.get().state == "refused"


def test_a_zip_alone_leads_to_the_page_of_its_files(alpha, sign_in, body):
    client = sign_in(alpha, "owner")

    answer = send(client, "Clinic.zip", zipped(("Clinic.fmp12", body))).json()

    page = client.get(answer["next"])
    assert "Clinic.fmp12" in page.text
    assert "Read the file" in page.text


def test_reading_without_a_data_file_is_refused_in_words(alpha, sign_in):
    client = sign_in(alpha, "owner")
    job = send(client, "scans.zip", zipped(("a.pdf", b"%PDF-1")), several=True).json()["job"]

    answer = client.post(url("read_job", pk=job))

    assert answer.status_code == 409
    assert "Add the database file" in answer.text


def test_a_file_can_be_removed_and_the_whole_given_up(
    alpha, sign_in, body, django_capture_on_commit_callbacks
):
    client = sign_in(alpha, "owner")
    job = send(client, "Clinic.fmp12", body, several=True).json()["job"]
    with tenant_scope(alpha):
        file = SourceFile.objects.get()

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("remove_file", pk=job, file_id=file.pk))

    assert "No files yet" in client.get(url("job", pk=job)).text
    client.post(url("give_up_job", pk=job))
    with tenant_scope(alpha):
        assert not ImportSource.objects.exists()


def test_nobody_adds_a_file_to_the_neighbours_import(alpha, beta, sign_in, body):
    theirs = send(sign_in(beta, "owner"), "Clinic.fmp12", body, several=True).json()["job"]

    answer = create(sign_in(alpha, "owner"), "Evil.fmp12", 5000, job=theirs)

    assert answer.status_code == 404
    with tenant_scope(beta):
        assert SourceFile.objects.count() == 1


def test_what_fits_is_listed_and_downloaded_without_formulas(alpha, sign_in, demo):
    import_file(alpha, demo.path)
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        source = ImportSource.objects.get()
    pack = zipped(("RC/=cmd.pdf", b"%PDF-1"), ("RC/b.pdf", b"%PDF-2"))
    send(client, "RC.zip", pack, job=str(source.pk))

    page = client.get(url("containers", pk=source.pk), {"fate": "extra"})
    rows = list(csv.reader(client.get(url("containers_csv", pk=source.pk)).text.splitlines()))

    assert "Fits no record 2" in page.text
    assert ["Fits no record", "'=cmd.pdf", "", "", "RC/=cmd.pdf", "6"] in rows


def test_missing_files_are_tried_again_from_the_page(
    alpha, sign_in, demo, queued, django_capture_on_commit_callbacks
):
    import_file(alpha, demo.path)
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        run = ImportRun.objects.get()
        missing = FileTask.objects.filter(state="missing").count()
    assert missing
    assert "Add the folder with the missing files" in client.get(url("detail", pk=run.pk)).text

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("bring_files", pk=run.pk))

    assert ("file_run", str(run.pk)) in queued
    with tenant_scope(alpha):
        assert ImportRun.objects.get().state == "filing"
        assert FileTask.objects.filter(state="waiting").count() == missing


def test_the_days_uploads_are_kept_are_set_on_the_page(alpha, sign_in):
    client = sign_in(alpha, "owner")

    client.post(url("retention"), {"days": "14"})
    client.post(url("retention"), {"days": "٩"})

    assert 'name="days" min="1" max="365" value="14"' in client.get(ROOT).text
