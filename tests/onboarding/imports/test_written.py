from __future__ import annotations

import json

import pytest
from django.urls import reverse

from clinical.patients.models import Patient
from onboarding.filemaker.exports.choices import Choices
from onboarding.imports import tasks
from onboarding.imports.models import ImportRun, StagedRecord
from onboarding.imports.runs import WrongStateError
from onboarding.imports.services import import_file, read_file
from onboarding.imports.written import choose_reading, may_choose
from tenants.scope import tenant_scope

ROOT = "/settings/data/import/"
BODY = "\r".join(
    f"{number}\tZoë\tMüller {number}\t{number}/05/1980" for number in range(1, 20)
).encode("mac-roman")
AS_WINDOWS = b"M\x9fller".decode("cp1252")


@pytest.fixture
def queued(monkeypatch):
    """The steps that were sent to a worker, which is not there."""
    sent = []
    monkeypatch.setattr(tasks.read_file, "delay", sent.append)
    return sent


def address(run, name):
    return reverse(f"imports:{name}", urlconf="config.urls_clinic", kwargs={"pk": run.pk})


@pytest.fixture
def uploaded(alpha, sign_in, queued, django_capture_on_commit_callbacks):
    """The owner's browser after uploading the text file, and the run."""
    client = sign_in(alpha, "owner")
    asked = json.dumps({"name": "Patients.tab", "size": len(BODY)})
    answer = client.post(f"{ROOT}uploads/", asked, content_type="application/json")
    with django_capture_on_commit_callbacks(execute=True):
        done = client.put(
            answer.json()["url"],
            BODY,
            content_type="application/octet-stream",
            headers={"Content-Range": f"bytes 0-{len(BODY) - 1}/{len(BODY)}"},
        )
    assert done.json()["complete"] is True
    with tenant_scope(alpha):
        return client, ImportRun.objects.select_related("source").get()


def sent(**words):
    return {"encoding": "mac-roman", "delimiter": "tab", "header": "no", "key_column": "", **words}


def test_a_text_file_waits_until_a_person_has_said_how_it_is_written(uploaded, queued):
    client, run = uploaded

    page = client.get(address(run, "detail"))

    assert queued == []
    assert run.state == ImportRun.State.UPLOADED
    assert "How is this file written?" in page.text
    assert "Müller 1" in page.text
    assert AS_WINDOWS in page.text
    assert "(likeliest)" in page.text


def test_what_was_chosen_is_kept_and_the_file_read_so(
    uploaded, alpha, queued, django_capture_on_commit_callbacks
):
    client, run = uploaded

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(address(run, "written"), sent(key_column="1"))

    assert answer.status_code == 302
    assert queued == [str(run.pk)]
    read_file(alpha, run.pk, live=False)
    with tenant_scope(alpha):
        run = ImportRun.objects.select_related("source").get(pk=run.pk)
        assert run.state == ImportRun.State.PROFILED
        assert run.source.choices["encoding"] == "mac-roman"
        assert StagedRecord.objects.count() == 19
        assert "Müller 1" in StagedRecord.objects.order_by("pk").first().payload.values()


def test_looking_again_keeps_nothing(uploaded, alpha, queued):
    client, run = uploaded

    page = client.post(address(run, "written"), sent(encoding="cp1252", header="yes", look="1"))

    assert page.status_code == 200
    assert AS_WINDOWS in page.text
    assert queued == []
    with tenant_scope(alpha):
        assert ImportRun.objects.select_related("source").get().source.choices == {}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"encoding": "rot13"}, "encoding that can be chosen"),
        ({"delimiter": "x"}, "cannot be"),
        ({"header": "maybe"}, "cannot be"),
        ({"key_column": "99999"}, "cannot be"),
        ({"encoding": "utf-8"}, "the text is not UTF-8"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_a_word(uploaded, alpha, queued, words, problem):
    client, run = uploaded

    page = client.post(address(run, "written"), sent(**words))

    assert page.status_code == 422
    assert problem in page.text
    assert queued == []
    with tenant_scope(alpha):
        assert ImportRun.objects.select_related("source").get().source.choices == {}


def test_choosing_again_forgets_what_was_read_before(uploaded, alpha):
    _, run = uploaded
    read_file(alpha, run.pk, live=False)
    with tenant_scope(alpha):
        run = ImportRun.objects.select_related("source").get()
        choose_reading(run, Choices(header=True, encoding="cp1252"))

        assert not StagedRecord.objects.exists()
        assert ImportRun.objects.get().state == ImportRun.State.UPLOADED
    read_file(alpha, run.pk, live=False)
    with tenant_scope(alpha):
        assert StagedRecord.objects.count() == 18


def test_once_loaded_it_is_too_late(alpha, tmp_path):
    path = tmp_path / "Patients.csv"
    path.write_text("ID,Name First,Name Last,DOB\n1,Anna,Lee,25/05/1980\n2,Bob,Roe,26/05/1980\n")
    import_file(alpha, path)

    with tenant_scope(alpha):
        run = ImportRun.objects.select_related("source").get()
        assert may_choose(run) is False
        with pytest.raises(WrongStateError):
            choose_reading(run, Choices())
        assert Patient.objects.count() == 2


@pytest.mark.parametrize("role", ["admin", "clinician", "reception", "billing", "coordinator"])
def test_only_those_who_may_import_see_rows_of_the_file(uploaded, alpha, sign_in, role):
    _, run = uploaded
    client = sign_in(alpha, role)

    page = client.get(address(run, "detail"))
    answer = client.post(address(run, "written"), sent())

    assert ("Müller" in page.text) is (answer.status_code == 302)


def test_the_neighbour_finds_nothing(uploaded, beta, sign_in):
    _, run = uploaded

    assert sign_in(beta, "owner").post(address(run, "written"), sent()).status_code == 404


def test_a_database_file_is_not_asked_about(alpha, demo, sign_in):
    import_file(alpha, demo.path, dry_run=True)
    with tenant_scope(alpha):
        run = ImportRun.objects.select_related("source").get()
        assert may_choose(run) is False

    assert (
        "How is this file written?" not in sign_in(alpha, "owner").get(address(run, "detail")).text
    )
