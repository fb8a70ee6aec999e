from __future__ import annotations

from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.tokens import reset_tokens
from tenants.scope import tenant_scope

NEW = {"password": "seven quiet green kettles", "again": "seven quiet green kettles"}


def reset_path(clinic, person):
    with tenant_scope(clinic):
        person.refresh_from_db()
        token = reset_tokens.make_token(person)
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse(
        "accounts:password_reset_confirm", args=[uid, token], urlconf="config.urls_clinic"
    )


def test_the_answer_is_the_same_for_known_and_unknown_addresses(alpha, front):
    front.add(alpha)

    answers = [
        front.browser(alpha).post("/password-reset/", {"email": email}, follow=True)
        for email in ("reception@example.com", "nobody@example.com")
    ]

    assert [answer.redirect_chain for answer in answers] == [
        [("/password-reset/sent/", 302)],
        [("/password-reset/sent/", 302)],
    ]


def test_asking_again_and_again_is_held_back_whoever_it_is(alpha, front):
    front.add(alpha)

    for email in ("reception@example.com", "nobody@example.com"):
        statuses = [
            front.browser(alpha).post("/password-reset/", {"email": email}).status_code
            for _ in range(4)
        ]

        assert statuses == [302, 302, 302, 429]


def test_the_link_sets_a_new_password_and_signs_nobody_in(alpha, front):
    person = front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)

    form = browser.get(reset_path(alpha, person), follow=True)
    answer = browser.post(form.request["PATH_INFO"], NEW)
    password_only = front.is_in(browser)
    front.give_password(browser, "admin@example.com", NEW["password"])

    assert "set-password" in form.request["PATH_INFO"]
    assert answer.headers["Location"] == "/login/"
    assert not password_only
    assert not front.is_in(browser)
    front.give_code(browser, front.code())
    assert front.is_in(browser)


def test_the_link_works_once(alpha, front):
    person = front.add(alpha)
    path = reset_path(alpha, person)
    browser = front.browser(alpha)
    form = browser.get(path, follow=True)
    browser.post(form.request["PATH_INFO"], NEW)

    again = front.browser(alpha).get(path, follow=True)

    assert "This link no longer works" in again.text


def test_a_link_of_one_clinic_is_nothing_at_another(alpha, beta, front):
    person = front.add(alpha)
    front.add(beta)

    answer = front.browser(beta).get(reset_path(alpha, person), follow=True)

    assert "This link no longer works" in answer.text


def test_a_deactivated_person_cannot_reset(alpha, front):
    from accounts.services import deactivate_user

    person = front.add(alpha)
    path = reset_path(alpha, person)
    with tenant_scope(alpha):
        deactivate_user(person, actor=None)

    answer = front.browser(alpha).get(path, follow=True)

    assert "This link no longer works" in answer.text


def test_a_guessable_password_is_explained(alpha, front):
    browser = front.browser(alpha)
    form = browser.get(reset_path(alpha, front.add(alpha)), follow=True)

    answer = browser.post(
        form.request["PATH_INFO"], {"password": "password1234", "again": "password1234"}
    )

    assert "easy to guess" in answer.text


def test_a_forged_invitation_is_gone(alpha, front):
    answer = front.browser(alpha).get("/join/forged/", follow=True)

    assert answer.status_code == 410
    assert "This invitation no longer works" in answer.text
