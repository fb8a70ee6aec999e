"""What everybody is told while an import loads, and what has to wait meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from clinical.patients.models import Patient
from onboarding.imports import maintenance
from onboarding.imports.models import ImportRun, ImportSource, RunProgress
from tenants.scope import tenant_scope

State = ImportRun.State


@pytest.fixture
def at_work(alpha):
    """Puts a run of alpha to work: `at_work(state, mode)`."""

    def begin(state, mode=ImportRun.Mode.UPDATE):
        with tenant_scope(alpha):
            source = ImportSource.objects.create(file_name="Clinic.fmp12", storage_key="x", size=1)
            run = ImportRun.objects.create(source=source, state=state, mode=mode)
            RunProgress.objects.create(
                run=run,
                all_done=300,
                all_total=400,
                started_at=datetime.now(UTC) - timedelta(seconds=60),
            )
            cache.delete(maintenance.KEY)
        return run

    yield begin
    with tenant_scope(alpha):
        cache.delete(maintenance.KEY)


def new_patient(client):
    sets = {
        f"{prefix}-{form}_FORMS": "0"
        for prefix in ("contact", "address", "number")
        for form in ("TOTAL", "INITIAL")
    }
    return client.post("/patients/new/", {"family_name": "Written", "given_names": "Now", **sets})


def test_nothing_is_said_while_nothing_is_at_work(alpha, sign_in):
    with tenant_scope(alpha):
        cache.delete(maintenance.KEY)

    page = sign_in(alpha, "reception").get("/patients/")

    assert "Data is being imported" not in page.text


@pytest.mark.parametrize("state", [State.READING, State.CHECKING])
def test_a_step_that_changes_nothing_is_not_announced(alpha, sign_in, at_work, state):
    at_work(state)

    assert "Data is being imported" not in sign_in(alpha, "reception").get("/patients/").text


def test_while_an_import_loads_every_page_says_so_with_the_time_left(alpha, sign_in, at_work):
    at_work(State.LOADING)
    client = sign_in(alpha, "reception")

    for path in ("/patients/", "/appointments/"):
        page = client.get(path, follow=True)
        assert "Data is being imported since" in page.text
        assert "about 20 s left" in page.text
        assert "You can go on working." in page.text
    assert new_patient(client).status_code == 302


def test_the_neighbour_is_told_nothing(alpha, beta, sign_in, at_work):
    at_work(State.LOADING, ImportRun.Mode.REPLACE)

    client = sign_in(beta, "reception")

    assert "Data is being imported" not in client.get("/patients/").text
    assert new_patient(client).status_code == 302


def test_during_a_full_re_import_reading_goes_on_and_writing_is_refused_in_words(
    alpha, sign_in, at_work
):
    at_work(State.LOADING, ImportRun.Mode.REPLACE)
    client = sign_in(alpha, "reception")

    assert client.get("/patients/").status_code == 200
    refused = new_patient(client)

    assert refused.status_code == 503
    assert "Please wait a moment: data is being imported" in refused.text
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    with tenant_scope(alpha):
        assert not Patient.objects.exists()
    assert (
        client.post(
            reverse("patients:find", urlconf="config.urls_clinic"), {"q": "Lee"}
        ).status_code
        == 200
    )


def test_the_banner_goes_away_by_itself(alpha, sign_in, at_work):
    run = at_work(State.LOADING)
    client = sign_in(alpha, "reception")
    assert "Data is being imported" in client.get("/settings/data/notice/").text

    with tenant_scope(alpha):
        ImportRun.objects.filter(pk=run.pk).update(state=State.LOADED)
        maintenance._drop()

    assert client.get("/settings/data/notice/").text == ""


def test_an_idle_clinic_pays_one_look_up_and_no_query(alpha, in_alpha, django_assert_num_queries):
    assert maintenance.notice_of_clinic() is None

    with django_assert_num_queries(0):
        assert maintenance.notice_of_clinic() is None
