"""The public pages, and the form as a stranger meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from onboarding.signup import legal, tasks, throttle
from onboarding.signup.links import token_of
from onboarding.signup.models import Signup
from tenants.scope import public_scope

pytestmark = pytest.mark.django_db(databases=["default"])

FORM = {
    "clinic_name": "Delta Physio",
    "subdomain": "delta",
    "owner_name": "Dana Delta",
    "email": "dana@delta.example",
    "time_zone": "Australia/Perth",
}
PASSWORD = "quiet lamp orchard"


@pytest.fixture
def stranger(alpha, monkeypatch):
    monkeypatch.setattr(tasks.send_link, "delay", lambda _id: None)
    monkeypatch.setattr(tasks.provision_clinic, "delay", lambda _id: None)
    throttle._limiter().storage.reset()
    return Client(headers={"host": settings.BASE_DOMAIN})


def _wish(**changes) -> Signup:
    with public_scope():
        return Signup.objects.create(**{**FORM, **changes})


def test_the_public_pages_say_what_there_is(stranger):
    for path, words in (
        ("/", "What it costs"),
        ("/status/", "Database"),
        ("/terms/", "Your data are yours"),
        ("/terms/2026-11/", "Version 2026-11"),
        ("/data-processing/", "Who of us can see it"),
    ):
        response = stranger.get(path)
        assert (response.status_code, words in response.text) == (200, True), path
    assert stranger.get("/terms/1999-01/").status_code == 404


def test_what_the_operators_tell_everybody_stands_on_the_status_page(stranger, superuser):
    try:
        for title, is_public in (("New server on Sunday", True), ("For clinics only", False)):
            superuser.execute(
                "INSERT INTO announcements_announcement (id, kind, title, text, shown_from, "
                "shown_until, tenant_ids, is_public, is_dismissible, made_by, made_at) VALUES "
                "(gen_random_uuid(), 'news', %s, '', now() - interval '1 hour', "
                "now() + interval '1 hour', '{}', %s, true, 'operator', now())",
                [title, is_public],
            )

        page = stranger.get("/status/").text
    finally:
        superuser.execute("DELETE FROM announcements_announcement")

    assert ("New server on Sunday" in page, "For clinics only" in page) == (True, False)


def test_every_version_of_a_text_that_was_agreed_to_is_still_there():
    folder = Path(legal.__file__).parent / "templates"
    for text in (legal.TERMS, legal.AGREEMENT):
        assert [
            version for version in text.versions if not (folder / text.template(version)).exists()
        ] == []


def test_signing_up_answers_the_same_whether_or_not_the_mail_is_known(stranger, alpha):
    _wish(email="known@delta.example", state=Signup.State.READY, subdomain="known-clinic")
    answers = []
    for email in ("known@delta.example", "unknown@delta.example", "owner@alpha.example"):
        response = stranger.post("/signup/", FORM | {"email": email, "subdomain": "delta"})
        page = stranger.get(response.headers["Location"])
        shown = page.text.partition("<main")[2].partition("</main>")[0]
        said = re.sub(r"[0-9a-f-]{36}|[\w.]+@[\w.]+|\w{64}", "", shown)
        answers.append((response.status_code, page.status_code, said))

    assert len(set(answers)) == 1
    assert answers[0][0] == 302


def test_whoever_follows_the_link_chooses_the_password_and_agrees(stranger):
    wish = _wish()
    url = f"/signup/confirm/{token_of(wish.pk)}/"
    assert "Welcome, Dana Delta" in stranger.get(url).text

    wrong = [
        stranger.post(url, {"subdomain": "delta", "password": password, "terms": terms}).status_code
        for password, terms in (
            ("short", "on"), ("physiotherapy2026", ""), ("passwordpassword", "on"),
            ("dana@delta.example", "on"), (PASSWORD, ""),
        )
    ]  # fmt: skip
    done = stranger.post(url, {"subdomain": "delta", "password": PASSWORD, "terms": "on"})

    assert (wrong, done.status_code) == ([422] * 5, 302)
    with public_scope():
        wish.refresh_from_db()
    assert (wish.state, wish.accepted_from, wish.terms_version) == (
        Signup.State.REQUESTED, "127.0.0.1", legal.TERMS.current.name,
    )  # fmt: skip
    assert PASSWORD not in wish.password_hash
    assert stranger.get(url).status_code == 302, "the link leads on to the clinic being built"


def test_a_link_that_is_none_is_closed(stranger):
    assert stranger.get("/signup/confirm/none-of-ours/").status_code == 410


def test_the_address_is_checked_while_it_is_typed(stranger):
    for wanted, words in (
        ("delta", "is free"),
        ("alpha", "is taken"),
        ("a1pha", "is taken"),
        ("admin", "kept for the platform"),
        ("xn--80a", "Use 3 to 40"),
    ):
        assert words in stranger.get("/signup/address/", {"subdomain": wanted}).text, wanted


def test_mail_is_asked_for_only_so_often_by_one_network_person_and_domain(stranger):
    def ask(n: int, email: str, address: str) -> int:
        form = FORM | {"email": email, "subdomain": f"delta-{n}"}
        return stranger.post("/signup/", form, REMOTE_ADDR=address).status_code

    one_person = [ask(n, "dana@delta.example", f"203.0.113.{n}") for n in range(6)]
    one_network = [ask(n, f"p{n}@d{n}.example", f"2001:db8::{n}") for n in range(21)]
    one_domain = [ask(n, f"p{n}@bulk.example", f"198.51.100.{n}") for n in range(21)]

    assert one_person == [302] * 5 + [429]
    assert one_network == [302] * 20 + [429]
    assert one_domain == [302] * 20 + [429]


def test_a_throw_away_address_is_refused_in_words(stranger):
    response = stranger.post("/signup/", FORM | {"email": "x@mailinator.com"})

    assert (response.status_code, "ends soon" in response.text) == (422, True)


def test_the_link_can_be_sent_again_until_it_is_followed(
    stranger, django_capture_on_commit_callbacks
):
    sent = []
    tasks.send_link.delay = sent.append
    waiting, done = _wish(), _wish(state=Signup.State.READY, subdomain="other")

    for wish in (waiting, done):
        with django_capture_on_commit_callbacks(execute=True):
            assert stranger.post(f"/signup/{wish.pk}/resend/").status_code == 302

    assert sent == [str(waiting.pk)]
