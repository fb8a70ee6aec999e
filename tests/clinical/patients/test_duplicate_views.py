"""The pages about people who may be here twice."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clinical.patients.duplicates import open_candidates, search_for_duplicates
from clinical.patients.models import DuplicateSearch, Patient, PatientMerge
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


@pytest.fixture
def pair(alpha):
    """Two records of Ada North with a candidate: the id of the candidate, and the two."""
    with tenant_scope(alpha):
        one = Patient.objects.create(
            given_names="Ada", family_name="North", date_of_birth="1980-03-12", notes="Knee."
        )
        other = Patient.objects.create(
            given_names="Ada", family_name="North", date_of_birth="1980-03-12", notes="Hip."
        )
        search_for_duplicates(DuplicateSearch.objects.create(), now=timezone.now())
        return open_candidates().get(), one, other


def _form(alpha, pair, **more):
    candidate, *_two = pair
    with tenant_scope(alpha):
        first = Patient.everyone.get(pk=candidate.first_id)
        second = Patient.everyone.get(pk=candidate.second_id)
    return {
        "keep": "first",
        "seen_first": first.changed_at.isoformat(),
        "seen_second": second.changed_at.isoformat(),
        **more,
    }


def test_the_list_names_the_pair_and_the_evidence(alpha, sign_in, pair):
    page = sign_in(alpha, "reception").get("/patients/twice/")

    assert "the same name and date of birth" in page.text
    assert page.text.count("North, Ada") == 2


def test_merging_leads_to_the_record_with_a_way_back(alpha, sign_in, pair):
    candidate, *_ = pair
    desk = sign_in(alpha, "reception")
    shown = desk.get(f"/patients/twice/{candidate.pk}/")
    assert "One person or two?" in shown.text

    answer = desk.post(
        f"/patients/twice/{candidate.pk}/", _form(alpha, pair, field_notes="both"), follow=True
    )

    assert answer.redirect_chain == [(f"/patients/{candidate.first_id}/", 302)]
    with tenant_scope(alpha):
        merge = PatientMerge.objects.get()
        assert sorted(Patient.objects.get().notes.split("\n")) == ["Hip.", "Knee."]
    assert f'data-toast-undo="/patients/merges/{merge.pk}/undo/"' in answer.text
    assert "Merged with Ada North" in answer.text

    desk.post(f"/patients/merges/{merge.pk}/undo/")
    with tenant_scope(alpha):
        assert Patient.objects.count() == 2


def test_the_address_of_a_merged_record_leads_to_the_one_that_goes_on(alpha, sign_in, pair):
    candidate, *_ = pair
    desk = sign_in(alpha, "reception")
    desk.post(f"/patients/twice/{candidate.pk}/", _form(alpha, pair))

    for path in ("", "appointments/", "edit/"):
        answer = desk.get(f"/patients/{candidate.second_id}/{path}")
        assert (answer.status_code, answer.headers["Location"]) == (
            302,
            f"/patients/{candidate.first_id}/{path}",
        )
    assert desk.post(f"/patients/{candidate.second_id}/archive/").status_code == 404
    assert sign_in(alpha, "coordinator").get(f"/patients/{candidate.second_id}/").status_code == 404


def test_a_record_changed_meanwhile_is_shown_again(alpha, sign_in, pair):
    candidate, one, _ = pair
    form = _form(alpha, pair)
    with tenant_scope(alpha):
        Patient.objects.filter(pk=one.pk).update(notes="New", changed_at=timezone.now())

    answer = sign_in(alpha, "reception").post(f"/patients/twice/{candidate.pk}/", form)

    assert answer.status_code == 409
    assert "was changed by somebody else" in answer.text
    with tenant_scope(alpha):
        assert Patient.objects.count() == 2


def test_two_people_are_remembered_and_can_be_asked_about_again(alpha, sign_in, pair):
    candidate, *_ = pair
    desk = sign_in(alpha, "reception")

    desk.post(f"/patients/twice/{candidate.pk}/apart/")
    assert "to be decided" not in desk.get("/patients/twice/").text
    assert desk.get("/patients/twice/?show=apart").text.count("North, Ada") == 2
    desk.post(f"/patients/twice/{candidate.pk}/again/")

    with tenant_scope(alpha):
        assert open_candidates().count() == 1


def test_any_two_records_can_be_put_side_by_side(alpha, sign_in, pair):
    _, one, _ = pair
    with tenant_scope(alpha):
        third = Patient.objects.create(given_names="Adeline", family_name="Nord")
    desk = sign_in(alpha, "reception")

    found = desk.post(f"/patients/{one.pk}/same-person/", {"q": "Nord"})
    assert str(third.pk) in found.text
    answer = desk.post(f"/patients/{one.pk}/same-person/", {"other": str(third.pk)}, follow=True)

    assert "Put side by side by a person" in answer.text


def test_the_list_of_patients_says_how_many_wait(alpha, sign_in, pair):
    assert "1 may be here twice" in sign_in(alpha, "reception").get("/patients/").text
    assert "may be here twice" not in sign_in(alpha, "billing").get("/patients/").text


def test_looking_again_sends_a_task(
    alpha, sign_in, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr("clinical.patients.tasks.find_duplicates.delay", sent.append)

    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_in(alpha, "reception").post("/patients/twice/look/")

    assert answer.status_code == 302
    with tenant_scope(alpha):
        assert sent == [str(DuplicateSearch.objects.get().pk)]
