"""Whether a person who is out stays out, and whether half a log-in opens anything."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Session, User
from accounts.sessions import SessionStore
from tenants.scope import platform_scope, tenant_scope
from tests.test_routes import CLINIC, OPEN, OPERATORS, _ask

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

PASSWORD = "lantern quiet orchard"
COOKIE = settings.SESSION_COOKIE_NAME
BEFORE_THE_FACTOR = {"two_factor:setup", "accounts:logout"}


@pytest.fixture
def person(alpha):
    """Make somebody of alpha with a password, and a second factor unless told otherwise."""

    def make(role: str = "reception", *, factor: bool = True) -> User:
        with tenant_scope(alpha):
            made = User.objects.create(
                email=f"{role}@staff.example", name=f"{role} person", role=role,
                password=make_password(PASSWORD),
            )  # fmt: skip
            if factor:
                TOTPDevice.objects.create(user=made, name="default", tolerance=1)
        return made

    return make


def _give_password(client: Client, email: str, password: str = PASSWORD):
    return client.post(
        "/login/",
        {
            "login_view-current_step": "auth",
            "auth-username": email,
            "auth-password": password,
        },
    )


def _give_code(client: Client, code: int | str):
    return client.post(
        "/login/", {"login_view-current_step": "token", "token-otp_token": f"{code:0>6}"}
    )


def _code(clinic, user: User, *, steps: int = 0) -> int:
    with tenant_scope(clinic):
        device = TOTPDevice.objects.get(user=user)
    totp = TOTP(device.bin_key)
    totp.time = time.time() + 30 * steps
    return totp.token()


def _is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@contextmanager
def _as_a_copy(client: Client, host: str):
    """A thief with the cookie as it is now."""
    thief = Client(headers={"host": host})
    thief.cookies[COOKIE] = client.cookies[COOKIE].value
    yield thief


def test_the_password_alone_opens_nothing(alpha, person):
    person("owner")
    client = Client(headers={"host": alpha.host})
    assert _give_password(client, "owner@staff.example").status_code == 200

    for route in CLINIC:
        if route.name not in OPEN:
            response = _ask(client, route)
            assert response.status_code in {302, 401}, route.name
            assert response.headers["Location"].startswith("/login/"), route.name


def test_one_who_must_have_a_factor_and_has_none_gets_to_its_set_up_only(alpha, person):
    for role in ("owner", "admin"):
        person(role, factor=False)
        client = Client(headers={"host": alpha.host})
        assert _give_password(client, f"{role}@staff.example").status_code == 302

        for route in CLINIC:
            if route.name in OPEN or route.name in BEFORE_THE_FACTOR:
                continue
            response = _ask(client, route)
            assert response.status_code == 302, route.name
            assert response.headers["Location"] == "/account/two-factor/setup/", route.name


def test_an_operator_without_a_factor_gets_to_its_set_up_only(alpha):
    with platform_scope():
        User.objects.create(
            email="op@staff.example", name="Op", role="operator", password=make_password(PASSWORD)
        )
    client = Client(headers={"host": f"ops.{settings.BASE_DOMAIN}"})
    assert _give_password(client, "op@staff.example").status_code == 302

    for route in OPERATORS:
        if route.name in OPEN or route.name in BEFORE_THE_FACTOR:
            continue
        answer = _ask(client, route)
        if route.name.startswith("operators:api_"):  # programs bring a token, never a session
            assert answer.status_code == 401, route.name
        else:
            assert answer.headers["Location"] == "/account/two-factor/setup/", route.name


def test_a_code_opens_one_session_and_not_a_second(alpha, person):
    user = person()
    first, second = (Client(headers={"host": alpha.host}) for _ in range(2))
    for client in (first, second):
        _give_password(client, user.email)
    code = _code(alpha, user)

    assert _give_code(first, code).status_code == 302
    assert _give_code(second, code).status_code == 200
    assert (_is_in(first), _is_in(second)) == (True, False)


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_a_code_of_another_minute_opens_nothing(alpha, person, steps):
    user = person()
    client = Client(headers={"host": alpha.host})
    _give_password(client, user.email)

    _give_code(client, _code(alpha, user, steps=steps))

    assert not _is_in(client)


def test_codes_are_not_to_be_guessed(alpha, person):
    user = person()
    client = Client(headers={"host": alpha.host})
    _give_password(client, user.email)
    right = _code(alpha, user)

    answers = [_give_code(client, (right + turn) % 1_000_000) for turn in range(1, 7)]

    assert answers[-1].status_code == 429
    assert _give_code(client, right).status_code == 429
    assert not _is_in(client)


def test_the_cookie_of_before_the_log_in_is_nothing_after_it(alpha, person):
    user = person()
    client = Client(headers={"host": alpha.host})
    _give_password(client, user.email)
    with _as_a_copy(client, alpha.host) as thief:
        _give_code(client, _code(alpha, user))

        assert _is_in(client)
        assert client.cookies[COOKIE].value != thief.cookies[COOKIE].value
        assert not _is_in(thief)


def test_a_cookie_somebody_made_up_is_not_taken_over(alpha, person):
    user = person()
    client = Client(headers={"host": alpha.host})
    client.cookies[COOKIE] = "a" * 32
    _give_password(client, user.email)
    _give_code(client, _code(alpha, user))

    assert _is_in(client)
    assert client.cookies[COOKIE].value != "a" * 32


def test_a_session_key_is_long_and_kept_as_a_digest_only(alpha, sign_in):
    key = sign_in(alpha, "reception").cookies[COOKIE].value

    with tenant_scope(alpha):
        row = Session.objects.get()
    assert len(key) >= 32
    assert len(set(key)) > 8
    assert key not in f"{row.key_digest}{row.data}{row.pk}"


@pytest.mark.parametrize("role", ["reception", "owner"])
def test_the_cookie_of_before_the_log_out_is_nothing_after_it(alpha, sign_in, role):
    client = sign_in(alpha, role)
    with _as_a_copy(client, alpha.host) as thief:
        assert _is_in(thief)
        response = client.post("/logout/")

        assert '"storage"' in response.headers["Clear-Site-Data"]
        assert not _is_in(thief)


def test_a_new_password_ends_the_other_sessions(alpha, person, sign_in):
    user = person()
    here = sign_in(alpha, "reception", email=user.email)
    elsewhere = sign_in(alpha, "reception", email=user.email)
    before = here.cookies[COOKIE].value

    response = here.post(
        "/account/password/",
        {"current": PASSWORD, "password": "three otters abroad", "again": "three otters abroad"},
    )

    assert response.status_code == 302
    assert (_is_in(here), _is_in(elsewhere)) == (True, False)
    thief = Client(headers={"host": alpha.host})
    thief.cookies[COOKIE] = before
    if here.cookies[COOKIE].value != before:
        assert not _is_in(thief)


@pytest.mark.parametrize("current", ["", "wrong password here"])
def test_without_the_present_password_there_is_no_new_one(alpha, person, sign_in, current):
    user = person()
    here = sign_in(alpha, "reception", email=user.email)

    here.post(
        "/account/password/",
        {"current": current, "password": "three otters abroad", "again": "three otters abroad"},
    )

    with tenant_scope(alpha):
        assert User.objects.get(pk=user.pk).check_password(PASSWORD)


@pytest.mark.parametrize(
    ("path", "form"),
    [("", {"name": "Same", "role": "billing"}), ("deactivate/", {}), ("reset-factor/", {})],
    ids=["another role", "deactivated", "factor reset"],
)
def test_what_is_done_to_a_person_holds_from_their_next_request_on(alpha, sign_in, path, form):
    victim, owner = sign_in(alpha, "clinician"), sign_in(alpha, "owner")
    assert _is_in(victim)

    assert owner.post(f"/staff/{victim.person.pk}/{path}", form).status_code == 302

    assert not _is_in(victim)


def test_a_role_taken_away_by_hand_in_the_database_holds_too(alpha, sign_in):
    admin = sign_in(alpha, "admin")
    assert admin.get("/staff/").status_code == 200

    with tenant_scope(alpha):
        User.objects.filter(pk=admin.person.pk).update(role="reception")

    assert admin.get("/staff/").status_code in {302, 403}


def test_pages_that_ask_by_themselves_do_not_keep_a_session_alive(alpha, sign_in):
    from datetime import timedelta

    from django.utils import timezone

    client = sign_in(alpha, "reception")
    long_ago = timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS - 5)
    with tenant_scope(alpha):
        Session.objects.update(last_seen_at=long_ago)

    client.get("/account/", headers={"X-Nexus-Background": "1"})

    with tenant_scope(alpha):
        assert Session.objects.get().last_seen_at == long_ago


@pytest.mark.parametrize("column", ["last_seen_at", "expires_at"])
def test_an_idle_and_an_old_session_are_over(alpha, sign_in, column):
    from datetime import timedelta

    from django.utils import timezone

    client = sign_in(alpha, "reception")
    with tenant_scope(alpha):
        Session.objects.update(**{column: timezone.now() - timedelta(hours=2)})

    assert not _is_in(client)


def test_known_and_unknown_people_are_answered_alike(alpha, person):
    import re

    person()

    def said(path: str, form: dict[str, str], email: str) -> tuple[int, str]:
        response = Client(headers={"host": alpha.host}).post(path, form)
        return response.status_code, re.sub(r"[\w-]{24,}", "", response.text.replace(email, ""))

    for path, field in (("/login/", "auth-username"), ("/password-reset/", "email")):
        answers = [
            said(
                path,
                {field: email, "auth-password": "wrong", "login_view-current_step": "auth"},
                email,
            )
            for email in ("reception@staff.example", "nobody@staff.example")
        ]
        assert answers[0] == answers[1], path


def test_a_secret_is_in_no_event_of_the_trail(alpha, person, sign_in, superuser):
    """Everything a person's row, session and devices hold to open an account stays out of it."""
    from audit.models import Payload

    user = person()
    client = sign_in(alpha, "reception", email=user.email)
    with tenant_scope(alpha):
        device = TOTPDevice.objects.filter(user=user).first()
        device.save()
        user.set_password("three otters abroad")
        user.save()
        store = SessionStore(client.cookies[COOKIE].value)
        store["probe"] = "x"
        store.save()
        recorded = "\n".join(Payload.objects.values_list("body", flat=True))
        row = Session.objects.get()

    assert '"accounts_user"' not in recorded or user.email in recorded
    for secret in (
        device.key,
        user.password,
        client.cookies[COOKIE].value,
        row.data,
        row.key_digest,
    ):
        assert secret not in recorded
