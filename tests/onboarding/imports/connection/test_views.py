"""The pages: what is shown, what is refused, and that a password never comes back."""

from __future__ import annotations

import pytest
from django.urls import reverse

from onboarding.imports import tasks
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.models import ImportRun
from tenants.scope import tenant_scope

pytestmark = pytest.mark.usefixtures("committed")

LIST = "/settings/data/connection/"


@pytest.fixture
def owner(alpha, sign_in):
    return sign_in(alpha, "owner")


@pytest.fixture
def filled_in(details):
    def make(**changes):
        given = details(**changes)
        return {name: getattr(given, name) for name in given.__dataclass_fields__}

    return make


def _only(clinic):
    with tenant_scope(clinic):
        return FileMakerConnection.objects.get()


def test_without_a_connection_the_page_says_what_it_is_good_for(owner):
    page = owner.get(LIST)

    assert "Not connected to a FileMaker Server" in page.text
    assert "Connect to FileMaker Server" in page.text


def test_saving_tests_at_once_and_the_page_says_how_it_went(alpha, owner, filled_in, double):
    answer = owner.post(f"{LIST}new/", filled_in(), follow=True)

    assert answer.status_code == 200
    assert "It works: the server lets us in" in answer.text
    assert "Read from FileMaker now" in answer.text
    assert owner.get(LIST, follow=True).redirect_chain[-1][0] == reverse(
        "connections:detail", kwargs={"pk": _only(alpha).pk}, urlconf="config.urls_clinic"
    )


def test_no_page_ever_shows_the_password(alpha, owner, filled_in, double):
    wrong = owner.post(f"{LIST}new/", filled_in(host="not a server"))
    assert (wrong.status_code, double.password in wrong.text) == (422, False)
    owner.post(f"{LIST}new/", filled_in())
    pk = _only(alpha).pk

    for path in (f"{LIST}{pk}/", f"{LIST}{pk}/edit/", f"{LIST}{pk}/layouts/", "/audit/"):
        page = owner.get(path)
        assert page.status_code == 200, path
        assert double.password not in page.text
        assert _only(alpha).sealed_password not in page.text


def test_a_wrong_password_is_shown_with_what_to_do(alpha, owner, filled_in):
    page = owner.post(f"{LIST}new/", filled_in(password="wrong"), follow=True)

    assert "does not accept this account name and password" in page.text
    assert "What to do:" in page.text
    refused = owner.post(f"{LIST}{_only(alpha).pk}/test/")
    assert (refused.status_code, "lock the account" in refused.text) == (409, True)


def test_an_empty_password_keeps_the_stored_one_for_the_same_server_only(alpha, owner, filled_in):
    owner.post(f"{LIST}new/", filled_in())
    pk = _only(alpha).pk

    same = owner.post(f"{LIST}{pk}/edit/", filled_in(password=""), follow=True)
    elsewhere = owner.post(f"{LIST}{pk}/edit/", filled_in(password="", host="evil.example"))

    assert "It works" in same.text
    assert elsewhere.status_code == 422
    assert "Type the password" in elsewhere.text
    assert _only(alpha).host.startswith("localhost")


def test_layouts_are_chosen_by_ticking_them(alpha, owner, filled_in):
    owner.post(f"{LIST}new/", filled_in())
    path = f"{LIST}{_only(alpha).pk}/layouts/"

    assert "Patients" in owner.get(path).text
    assert owner.post(path, {"choice": "these"}).status_code == 422
    assert owner.post(path, {"choice": "these", "layout": ["Nope"]}).status_code == 422
    owner.post(path, {"choice": "these", "layout": ["Patients", "Appointments"]})
    assert sorted(_only(alpha).shown) == ["Appointments", "Patients"]
    owner.post(path, {"choice": "auto"})
    assert _only(alpha).shown == []


def test_reading_leads_to_the_wizard(alpha, owner, filled_in, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.read_file, "delay", sent.append)
    owner.post(f"{LIST}new/", filled_in())
    pk = _only(alpha).pk

    answer = owner.post(f"{LIST}{pk}/read/")

    with tenant_scope(alpha):
        run = ImportRun.objects.get()
    assert answer.headers["Location"] == f"/settings/data/import/{run.pk}/"
    assert sent == [str(run.pk)]
    assert owner.get(answer.headers["Location"]).status_code == 200
    assert "Another import of this clinic is at work" in owner.post(f"{LIST}{pk}/read/").text


def test_disconnecting_and_removing(alpha, owner, filled_in):
    owner.post(f"{LIST}new/", filled_in())
    pk = _only(alpha).pk

    page = owner.post(f"{LIST}{pk}/disconnect/", follow=True)
    assert "No password is stored" in page.text
    assert owner.post(f"{LIST}{pk}/read/").status_code == 409
    owner.post(f"{LIST}{pk}/remove/")
    with tenant_scope(alpha):
        assert not FileMakerConnection.objects.exists()


@pytest.mark.parametrize("role", ["clinician", "reception", "billing", "readonly"])
def test_others_than_owner_and_admin_neither_see_nor_change_it(
    alpha, owner, sign_in, filled_in, role
):
    owner.post(f"{LIST}new/", filled_in())
    pk = _only(alpha).pk
    try:
        other = sign_in(alpha, role)
    except ValueError:
        pytest.skip(f"no role {role}")

    for path in (LIST, f"{LIST}{pk}/"):
        assert other.get(path).status_code == 403
    for verb in ("test", "read", "disconnect", "remove"):
        assert other.post(f"{LIST}{pk}/{verb}/").status_code == 403
    assert _only(alpha).has_password


def test_the_neighbour_finds_nothing_there(alpha, beta, owner, sign_in, filled_in):
    owner.post(f"{LIST}new/", filled_in())
    pk = _only(alpha).pk
    theirs = sign_in(beta, "owner")

    for verb in ("", "edit/", "layouts/"):
        assert theirs.get(f"{LIST}{pk}/{verb}").status_code == 404
    for verb in ("test", "read", "disconnect", "remove"):
        assert theirs.post(f"{LIST}{pk}/{verb}/").status_code == 404
    assert _only(alpha).has_password
