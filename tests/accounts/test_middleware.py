from __future__ import annotations

import pytest

from accounts.models import User
from accounts.permissions import FACTOR_IS_MANDATORY

CLINIC_ROLES = [role for role in User.Role if role != User.Role.OPERATOR]


@pytest.mark.parametrize("role", CLINIC_ROLES)
def test_who_must_have_a_second_factor_gets_nowhere_without(role, alpha, front):
    browser = front.sign_in(alpha, role)

    page = browser.get("/account/")

    if role in FACTOR_IS_MANDATORY:
        assert page.headers["Location"] == "/account/two-factor/setup/"
    else:
        assert page.status_code == 200


def test_the_set_up_and_the_way_out_stay_open(alpha, front):
    browser = front.sign_in(alpha, "owner")

    assert browser.get("/account/two-factor/setup/").status_code == 200
    assert browser.post("/logout/").headers["Location"] == "/login/"


def test_htmx_takes_the_whole_page_to_the_set_up(alpha, front):
    browser = front.sign_in(alpha, "owner")

    answer = browser.get("/staff/", headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert answer.headers["HX-Redirect"] == "/account/two-factor/setup/"


def test_htmx_takes_a_stranger_to_the_login_page(alpha, front):
    answer = front.browser(alpha).get("/staff/", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login/"


def test_a_session_without_the_factor_its_person_has_is_nobodys(alpha, front):
    browser = front.sign_in(alpha, "reception")

    front.add(alpha, "reception", factor=True)

    assert not front.is_in(browser)


def test_another_persons_device_verifies_nobody(alpha, front):
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accounts.models import Session
    from accounts.sessions import SessionStore

    front.add(alpha, "admin", factor=True)
    browser = front.sign_in(alpha, "owner")
    with front.scope(alpha):
        store = SessionStore()
        row = Session.objects.get()
        data = store.decode(row.data)
        device = TOTPDevice.objects.get()
        row.data = store.encode({**data, DEVICE_ID_SESSION_KEY: device.persistent_id})
        row.save()

    assert browser.get("/staff/").headers["Location"] == "/account/two-factor/setup/"


def test_changes_name_the_person_who_made_them(alpha, front):
    from audit.models import Event

    browser = front.sign_in(alpha)
    browser.post("/account/", {"name": "Alice Baker"})

    with front.scope(alpha):
        person = User.objects.get()
        event = Event.objects.filter(action="update", object_type="accounts_user").latest("id")
    assert person.name == "Alice Baker"
    assert (event.actor_id, event.actor_label) == (str(person.pk), "Alice Adams")


def test_the_platforms_own_host_has_no_people(alpha, front):
    from django.test import Client

    browser = front.sign_in(alpha)
    platform = Client(headers={"host": "localhost"})
    platform.cookies = browser.cookies

    answer = platform.get("/")

    assert answer.status_code in {200, 404}
    assert not answer.wsgi_request.user.is_authenticated
