from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from clinical.patients.models import Patient
from onboarding.imports import services, tasks
from onboarding.imports.mapping_form import MappingForm
from onboarding.imports.models import ImportRun, ImportSource, Mapping
from onboarding.imports.runs import begin_run
from onboarding.imports.services import check_run, import_file, load_run, read_file, undo_run
from onboarding.imports.upload import receive_file
from onboarding.imports.upload_parts import folder_of
from tenants.scope import NOBODY, tenant_scope

ROOT = "/settings/data/import/"
PART = 300_000


@pytest.fixture
def queued(monkeypatch):
    """The steps that were sent to a worker, which is not there."""
    sent = []
    for name in ("read_file", "check_run", "load_run", "undo_run"):
        task = getattr(tasks, name)
        monkeypatch.setattr(task, "delay", lambda run_id, name=name: sent.append((name, run_id)))
    return sent


def url(name, run=None, **words):
    pk = {"pk": run.pk} if run is not None else {}
    return reverse(f"imports:{name}", urlconf="config.urls_clinic", kwargs={**pk, **words})


def create(client, name, size):
    return client.post(
        f"{ROOT}uploads/",
        json.dumps({"name": name, "size": size, "type": "", "last_modified": 0}),
        content_type="application/json",
    )


def put(client, address, body, start, end):
    return client.put(
        address,
        body[start:end],
        content_type="application/octet-stream",
        headers={"Content-Range": f"bytes {start}-{end - 1}/{len(body)}"},
    )


def uploaded(client, clinic, path, capture):
    body = path.read_bytes()
    address = create(client, path.name, len(body)).json()["url"]
    with capture(execute=True):
        for start in range(0, len(body), PART):
            answer = put(client, address, body, start, min(start + PART, len(body)))
    assert answer.json()["complete"] is True
    with tenant_scope(clinic):
        return ImportRun.objects.get()


def at_mapping(clinic, run):
    read_file(clinic, run.pk, live=False)
    with tenant_scope(clinic):
        return ImportRun.objects.select_related("source").get(pk=run.pk)


def test_without_an_import_the_page_says_what_to_do(alpha, sign_in):
    page = sign_in(alpha, "owner").get(ROOT)

    assert page.status_code == 200
    assert "No imports yet" in page.text
    assert url("upload") in page.text


def test_the_whole_walk_from_upload_to_undo(
    alpha, demo, sign_in, queued, django_capture_on_commit_callbacks
):
    client = sign_in(alpha, "owner")

    run = uploaded(client, alpha, demo.path, django_capture_on_commit_callbacks)
    assert queued.pop() == ("read_file", str(run.pk))
    assert "Reading the file" in client.get(url("detail", run)).text
    run = at_mapping(alpha, run)
    assert "The file has been read" in client.get(url("detail", run)).text
    contents = client.get(url("contents", run)).text
    assert "Weight kg" in contents
    assert "g_Find (global)" in contents
    editor = client.get(url("mapping", run))
    assert "Date of birth" in editor.text
    with django_capture_on_commit_callbacks(execute=True):
        saved = client.post(url("mapping", run), form_of(alpha, run))
    assert (saved.status_code, queued.pop()) == (302, ("check_run", str(run.pk)))
    check_run(alpha, run.pk, live=False)
    dry = client.get(url("detail", run)).text
    assert "Dry run done: nothing was kept" in dry
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("load", run))
    assert queued.pop() == ("load_run", str(run.pk))
    load_run(alpha, run.pk, live=False)
    assert "See the patients" in client.get(url("detail", run)).text
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("undo", run))
    assert queued.pop() == ("undo_run", str(run.pk))
    undo_run(alpha, run.pk, live=False)
    assert "This import was undone" in client.get(url("detail", run)).text
    with tenant_scope(alpha):
        assert not Patient.objects.exists()


def form_of(clinic, run, **changes):
    """What the mapping page sends when nothing is changed on it."""
    with tenant_scope(clinic):
        form = MappingForm(run.source, services.proposed_spec(run))
        sent = {"options": "1", "create_missing": "on", "time_zone": "Australia/Sydney"}
        for table in form.tables():
            sent[table.name] = table.entity.name if table.entity else ""
            for row in table.fields if table.entity else ():
                sent[row.name] = row.value
    return {**sent, **changes}


def test_the_suggested_mapping_survives_the_form_unchanged(alpha, demo, sign_in, queued):
    client = sign_in(alpha, "owner")
    run = prepared(alpha, demo)

    client.post(url("mapping", run), form_of(alpha, run))

    with tenant_scope(alpha):
        kept = Mapping.objects.get().spec
    suggestion = run.source.profile["suggestion"]
    assert kept["tables"] == suggestion["tables"]


def prepared(clinic, demo):
    with tenant_scope(clinic):
        run = begin_run(receive_file(demo.path, actor=NOBODY), actor=NOBODY)
    return at_mapping(clinic, run)


def test_a_mapping_that_cannot_be_is_said_on_the_page(alpha, demo, sign_in, queued):
    client = sign_in(alpha, "owner")
    run = prepared(alpha, demo)

    answer = client.post(url("mapping", run), form_of(alpha, run, **{"t129-f3": "family_name"}))

    assert answer.status_code == 422
    assert "two fields go to Family name" in answer.text
    assert queued == []
    with tenant_scope(alpha):
        assert not Mapping.objects.exists()


def test_a_table_can_be_taken_for_something_else(alpha, demo, sign_in):
    client = sign_in(alpha, "owner")
    run = prepared(alpha, demo)

    part = client.post(
        url("mapping_table", run, table_id=131), form_of(alpha, run, t131="appointment")
    )

    assert part.status_code == 200
    assert 'name="t131"' in part.text
    assert "Note Date" in part.text
    assert 'value="patient@129:1" selected' in part.text


def test_loading_before_a_dry_run_answers_409_and_changes_nothing(alpha, demo, sign_in, queued):
    client = sign_in(alpha, "owner")
    run = prepared(alpha, demo)

    answer = client.post(url("load", run))

    assert answer.status_code == 409
    assert queued == []
    with tenant_scope(alpha):
        assert ImportRun.objects.get().state == "profiled"
        assert Event.objects.filter(action="import.loading", result="refused").count() == 1


def test_a_part_out_of_place_is_told_where_the_upload_stands(alpha, demo, sign_in):
    client = sign_in(alpha, "owner")
    body = demo.path.read_bytes()
    address = create(client, "Clinic.fmp12", len(body)).json()["url"]
    put(client, address, body, 0, PART)

    answer = put(client, address, body, PART + 10, PART + 20)

    assert answer.status_code == 409
    assert answer.json()["offset"] == PART
    assert client.get(address).json() == {"url": address, "offset": PART, "complete": False}


def test_a_wrong_file_is_refused_with_words_and_recorded(alpha, sign_in):
    client = sign_in(alpha, "owner")
    body = b"PK\x03\x04" + bytes(9_000)
    address = create(client, "Clinic.fmp12", len(body)).json()["url"]

    answer = put(client, address, body, 0, len(body))

    assert answer.status_code == 422
    assert "zip is damaged" in answer.json()["detail"]
    with tenant_scope(alpha):
        assert ImportSource.objects.get().state == "refused"
        assert Event.objects.filter(action="import.upload", result="refused").count() == 1


@pytest.mark.parametrize("sent", ["", "[]", '{"name": "x"}', '{"name": "x", "size": "many"}'])
def test_an_upload_without_name_or_size_is_refused(alpha, sign_in, sent):
    client = sign_in(alpha, "owner")

    answer = client.post(f"{ROOT}uploads/", sent, content_type="application/json")

    assert answer.status_code == 400


def test_the_bar_moves_and_the_page_comes_anew_at_the_end(alpha, demo, sign_in, queued):
    client = sign_in(alpha, "owner")
    run = prepared(alpha, demo)
    client.post(url("mapping", run), form_of(alpha, run))

    waiting = client.get(url("progress", run))
    check_run(alpha, run.pk, live=False)
    done = client.get(url("progress", run))

    assert "Waiting for a worker" in waiting.text
    assert done.headers["HX-Refresh"] == "true"


def test_the_reports_can_be_taken_along_and_that_is_recorded(alpha, demo, sign_in):
    client = sign_in(alpha, "admin")
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        run = ImportRun.objects.get()

    report = client.get(url("report_csv", run))
    rows = b"".join(client.get(url("records_csv", run)).streaming_content).decode()

    assert report.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"Patients,Patients,{demo.patients}," in report.text
    assert "Its patient is not among the patients." in rows
    with tenant_scope(alpha):
        assert Event.objects.filter(action="export").count() == 2


@pytest.mark.parametrize("outcome", ["quarantined", "skipped", "issues", "updated"])
def test_records_are_listed_with_their_reasons(alpha, demo, sign_in, outcome):
    client = sign_in(alpha, "owner")
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        run = ImportRun.objects.get()

    page = client.get(url("records", run), {"outcome": outcome})

    assert page.status_code == 200
    assert client.get(url("records", run), {"outcome": "everything"}).status_code == 404


def test_a_file_can_be_deleted_and_what_was_loaded_stays(
    alpha, demo, sign_in, django_capture_on_commit_callbacks
):
    client = sign_in(alpha, "owner")
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        run = ImportRun.objects.select_related("source").get()
        path = folder_of(run.source)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("discard", run))

    assert not path.exists()
    with tenant_scope(alpha):
        assert ImportSource.objects.get().state == "discarded"
        assert ImportSource.objects.get().records.count() == 0
        assert Patient.objects.exists()
    assert client.get(url("detail", run)).status_code == 200
    assert client.post(url("again", run)).status_code == 409


NOT_FOR_THEM = [r for r in User.Role if r not in {"owner", "admin", "operator"}]
STEPS = ["read", "check", "load", "undo", "retry", "stop", "again", "discard"]
LOOKS = ["detail", "progress", "contents", "mapping", "records", "report_csv", "records_csv"]


@pytest.mark.parametrize("role", NOT_FOR_THEM)
def test_only_owner_and_admin_may_import(alpha, demo, sign_in, queued, role):
    run = prepared(alpha, demo)
    client = sign_in(alpha, role)

    answers = [client.get(url(name, run)).status_code for name in LOOKS]
    answers += [client.post(url(name, run)).status_code for name in STEPS]
    answers += [client.get(ROOT).status_code, create(client, "x.fmp12", 9_000).status_code]

    assert set(answers) == {403}
    assert queued == []
    with tenant_scope(alpha):
        assert ImportRun.objects.get().state == "profiled"
        assert (
            Event.objects.filter(action="denied").count() >= 1
            or Event.objects.filter(result="denied").exists()
        )


def test_the_neighbour_finds_nothing_of_it(alpha, beta, demo, sign_in, queued):
    run = prepared(alpha, demo)
    client = sign_in(beta, "owner")

    answers = [client.get(url(name, run)).status_code for name in LOOKS]
    answers += [client.post(url(name, run)).status_code for name in STEPS]
    part = client.get(url("upload_part", run))

    assert set(answers) == {404}
    assert part.status_code == 404
    assert "No imports yet" in client.get(ROOT).text
    assert queued == []


def test_the_list_asks_as_often_for_three_runs_as_for_one(alpha, demo, sign_in):
    client = sign_in(alpha, "owner")
    import_file(alpha, demo.path)
    client.get(ROOT)
    with CaptureQueriesContext(connection) as one:
        client.get(ROOT)
    import_file(alpha, demo.path)
    import_file(alpha, demo.path)
    client.get(ROOT)  # what every page asks is in the cache again

    with CaptureQueriesContext(connection) as three:
        client.get(ROOT)

    assert len(three) == len(one)
