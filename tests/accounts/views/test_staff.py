from __future__ import annotations

import pytest

from accounts.models import User
from accounts.permissions import TABLE, Resource
from tenants.scope import tenant_scope

VERBS = ("deactivate", "reactivate", "resend", "cancel", "reset-factor")
INVITATION = {"name": "Carol Clark", "email": "carol@example.com", "role": "clinician"}


@pytest.fixture
def owner(alpha, sign_in):
    return sign_in(alpha, "owner")


def test_the_page_lists_the_people_and_what_each_role_may(alpha, front, owner):
    front.add(alpha, "reception", name="Rita Reception")

    page = owner.get("/staff/")

    assert "Rita Reception" in page.text
    for role in TABLE:
        assert (User.Role(role).label in page.text) is (role != User.Role.OPERATOR)
    assert "assigned to them only" in page.text
    clinical = [resource for resource in Resource if resource != Resource.TENANTS]
    assert list(page.context["resources"]) == clinical


def test_the_page_asks_as_often_for_three_people_as_for_one(
    alpha, front, owner, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    owner.get("/staff/")  # the clinic's banner is looked up once, then cached
    with CaptureQueriesContext(
        connection,
    ) as one:
        owner.get("/staff/")
    for number in range(3):
        front.add(alpha, email=f"person{number}@example.com")

    with django_assert_num_queries(len(one)):
        owner.get("/staff/")


def test_an_owner_invites_somebody(alpha, owner):
    answer = owner.post("/staff/invite/", INVITATION)

    assert answer.headers["Location"] == "/staff/"
    with tenant_scope(alpha):
        person = User.objects.get(email="carol@example.com")
    assert (person.name, person.role, person.state) == ("Carol Clark", "clinician", "invited")


def test_a_taken_address_is_said_beside_the_field(alpha, front, owner):
    front.add(alpha, email="carol@example.com")

    answer = owner.post("/staff/invite/", INVITATION)

    assert answer.status_code == 422
    assert "is on the staff list already" in answer.text


def test_an_administrator_is_not_offered_the_owners_role(alpha, sign_in):
    admin = sign_in(alpha, "admin")

    answer = admin.post("/staff/invite/", {**INVITATION, "role": "owner"})

    assert 'value="owner"' not in admin.get("/staff/invite/").text
    assert answer.status_code == 422
    with tenant_scope(alpha):
        assert not User.objects.filter(email="carol@example.com").exists()


@pytest.mark.parametrize("role", ["clinician", "reception", "billing", "coordinator"])
def test_others_neither_see_nor_change_the_staff(role, alpha, front, sign_in):
    person = front.add(alpha, "clinician", email="carol@example.com")
    colleague = sign_in(alpha, role)

    statuses = {
        colleague.get("/staff/").status_code,
        colleague.post("/staff/invite/", INVITATION).status_code,
        colleague.post(f"/staff/{person.pk}/", {"name": "X", "role": "owner"}).status_code,
        *(colleague.post(f"/staff/{person.pk}/{verb}/").status_code for verb in VERBS),
    }

    assert statuses == {403}
    with tenant_scope(alpha):
        person.refresh_from_db()
        assert (person.name, person.role, person.is_active) == ("Alice Adams", "clinician", True)


def test_the_neighbours_people_are_not_found(beta, front, owner):
    person = front.add(beta, "clinician")

    statuses = {
        owner.get(f"/staff/{person.pk}/").status_code,
        *(owner.post(f"/staff/{person.pk}/{verb}/").status_code for verb in VERBS),
    }

    assert statuses == {404}
    with tenant_scope(beta):
        person.refresh_from_db()
        assert person.is_active


def test_name_and_role_are_changed_together(alpha, front, owner):
    person = front.add(alpha, "reception")

    owner.post(f"/staff/{person.pk}/", {"name": "Alice Baker", "role": "clinician"})

    with tenant_scope(alpha):
        person.refresh_from_db()
    assert (person.name, person.role) == ("Alice Baker", "clinician")


def test_an_administrator_cannot_change_an_owner(alpha, sign_in, owner):
    admin = sign_in(alpha, "admin")

    answers = [
        admin.post(f"/staff/{owner.person.pk}/", {"name": "X", "role": "reception"}),
        admin.post(f"/staff/{owner.person.pk}/deactivate/"),
        admin.post(f"/staff/{owner.person.pk}/reset-factor/"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    with tenant_scope(alpha):
        owner.person.refresh_from_db()
    assert (owner.person.role, owner.person.is_active) == ("owner", True)


def test_the_last_owner_is_told_why_they_stay(owner):
    answer = owner.post(f"/staff/{owner.person.pk}/", {"name": "Olive", "role": "admin"})

    assert answer.status_code == 422
    assert "is the only owner" in answer.text


def test_deactivating_answers_htmx_with_the_list(alpha, front, owner):
    person = front.add(alpha, "reception")

    answer = owner.post(f"/staff/{person.pk}/deactivate/", headers={"HX-Request": "true"})

    assert "Deactivated" in answer.text
    assert "<html" not in answer.text
    assert "is deactivated and signed out" in answer.headers["HX-Trigger"]


def test_a_refusal_is_on_record(alpha, sign_in, events):
    sign_in(alpha, "reception").get("/staff/")

    assert events(alpha, "permission") == [("permission.denied", "denied")]


def test_operators_invite_operators_only(committed, front):
    browser = front.sign_in(None, "operator", factor=True)

    page = browser.get("/staff/invite/")
    answer = browser.post("/staff/invite/", {**INVITATION, "role": "operator"})
    refused = browser.post("/staff/invite/", {**INVITATION, "email": "d@example.com"})

    assert page.status_code == 200
    assert answer.headers["Location"] == "/staff/"
    assert refused.status_code == 422
