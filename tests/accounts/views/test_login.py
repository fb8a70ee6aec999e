from __future__ import annotations

import threading

from django.conf import settings
from django.db import connections


def test_the_login_page_names_the_clinic_and_keeps_no_session(alpha, front):
    browser = front.browser(alpha)

    page = browser.get("/login/")

    assert page.status_code == 200
    assert alpha.name in page.content.decode()
    assert settings.SESSION_COOKIE_NAME not in page.cookies


def test_a_person_without_a_second_factor_signs_in_with_the_password(alpha, front):
    browser = front.sign_in(alpha, "reception")

    assert front.is_in(browser)


def test_a_stranger_is_sent_to_the_login_page_and_back(alpha, front):
    front.add(alpha, "reception")
    browser = front.browser(alpha)

    refused = browser.get("/account/")
    answer = front.give_password(browser, "reception@example.com", url=refused.headers["Location"])

    assert refused.headers["Location"] == "/login/?next=/account/"
    assert answer.headers["Location"] == "/account/"


def test_the_way_back_never_leads_to_another_host(alpha, beta, front):
    front.add(alpha, "reception")

    for target in ("//evil.example", "https:evil.example", "\\/evil.example", beta.url):
        answer = front.give_password(
            front.browser(alpha), "reception@example.com", url=f"/login/?next={target}"
        )

        assert answer.headers["Location"] == "/"


def test_with_a_second_factor_the_password_alone_opens_nothing(alpha, front):
    front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)

    answer = front.give_password(browser, "admin@example.com")

    assert answer.status_code == 200
    assert "Enter your code" in answer.content.decode()
    assert not front.is_in(browser)


def test_password_and_code_sign_in(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)

    assert front.is_in(browser)


def test_the_code_step_cannot_be_reached_without_the_password(alpha, front):
    front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)

    answer = front.give_code(browser, front.code())

    assert "Sign in" in answer.content.decode()
    assert not front.is_in(browser)


def test_a_code_works_once(alpha, front):
    front.add(alpha, "admin", factor=True)
    first, second = front.browser(alpha), front.browser(alpha)
    code = front.code()
    for browser in (first, second):
        front.give_password(browser, "admin@example.com")

    front.give_code(first, code)
    answer = front.give_code(second, code)

    assert front.is_in(first)
    assert "has been used" in answer.content.decode()
    assert not front.is_in(second)


def test_a_code_two_steps_old_or_early_is_refused(alpha, front):
    front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)
    front.give_password(browser, "admin@example.com")

    for steps in (-2, 2):
        front.give_code(browser, front.code(steps=steps))

        assert not front.is_in(browser)
    front.give_code(browser, front.code(steps=-1))
    assert front.is_in(browser)


def test_one_code_given_eight_times_at_once_opens_one_session(committed, alpha, front):
    front.add(alpha, "admin", factor=True)
    browsers = [front.browser(alpha) for _ in range(8)]
    for number, browser in enumerate(browsers):
        front.give_password(browser, "admin@example.com", REMOTE_ADDR=f"192.0.2.{number}")
    code, together = front.code(), threading.Barrier(8)

    def give(browser):
        together.wait()
        front.give_code(browser, code)
        connections.close_all()

    threads = [threading.Thread(target=give, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [front.is_in(browser) for browser in browsers].count(True) == 1


def test_a_new_password_between_the_steps_ends_the_attempt(alpha, front):
    from accounts.services import reset_password

    person = front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)
    front.give_password(browser, "admin@example.com")

    with front.scope(alpha):
        reset_password(person, "quite another pass phrase")
    front.give_code(browser, front.code())

    assert not front.is_in(browser)


def test_a_backup_code_works_once_in_place_of_the_app(alpha, front):
    from accounts.services import make_backup_codes

    person = front.add(alpha, "admin", factor=True)
    with front.scope(alpha):
        code = make_backup_codes(person)[0]
    outcomes = []
    for _ in range(2):
        browser = front.browser(alpha)
        front.give_password(browser, "admin@example.com")
        page = browser.post("/login/", {"wizard_goto_step": "backup"})
        assert "Backup code" in page.content.decode()
        front.give_code(browser, code.upper(), step="backup")
        outcomes.append(front.is_in(browser))

    assert outcomes == [True, False]


def test_unknown_people_and_wrong_passwords_get_the_same_answer(alpha, front):
    front.add(alpha, "reception")

    answers = [
        front.give_password(front.browser(alpha), email, "not the right password")
        for email in ("reception@example.com", "nobody@example.com")
    ]

    texts = [answer.content.decode().replace("nobody", "reception") for answer in answers]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert _without_random(texts[0]) == _without_random(texts[1])


def _without_random(html):
    import re

    html = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)
    html = re.sub(r'csrf-token" content="\w+"', "", html)
    return re.sub(r'(nonce="|inlineStyleNonce":")[\w-]+', "", html)


def test_an_unknown_name_costs_a_hash_too(in_alpha, monkeypatch):
    from accounts.backends import ScopedModelBackend
    from accounts.hashers import Argon2idHasher

    hashed = []
    encode = Argon2idHasher.encode
    monkeypatch.setattr(
        Argon2idHasher, "encode", lambda self, *a, **k: hashed.append(1) or encode(self, *a, **k)
    )

    assert ScopedModelBackend().authenticate(None, "nobody@example.com", "some password") is None
    assert hashed == [1]


def test_a_deactivated_person_is_told_what_a_stranger_is_told(alpha, front):
    from accounts.services import deactivate_user

    person = front.add(alpha, "reception")
    with front.scope(alpha):
        deactivate_user(person, actor=None)

    answer = front.give_password(front.browser(alpha), "reception@example.com")

    assert "No account here has this e-mail address and password." in answer.content.decode()


def test_the_address_may_be_typed_in_capitals(alpha, front):
    front.add(alpha, "reception")
    browser = front.browser(alpha)

    front.give_password(browser, " Reception@Example.COM ")

    assert front.is_in(browser)


def test_signing_in_gives_the_session_another_key(alpha, front):
    front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)
    name = settings.SESSION_COOKIE_NAME

    front.give_password(browser, "admin@example.com")
    before = browser.cookies[name].value
    front.give_code(browser, front.code())

    assert browser.cookies[name].value != before


def test_the_cookie_stays_on_its_own_host(alpha, front):
    browser = front.sign_in(alpha)

    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]

    assert cookie.key.startswith("__Host-")
    assert (cookie["domain"], cookie["path"], cookie["samesite"]) == ("", "/", "Lax")
    assert cookie["secure"]
    assert cookie["httponly"]


def test_a_session_of_one_clinic_is_nothing_at_another(alpha, beta, front):
    browser = front.sign_in(alpha, "reception")
    front.add(beta, "reception")
    neighbour = front.browser(beta)
    neighbour.cookies = browser.cookies

    assert front.is_in(browser)
    assert not front.is_in(neighbour)


def test_a_form_of_one_clinic_is_refused_by_another(alpha, beta, front):
    front.add(beta, "reception")
    at_alpha = front.browser(alpha, enforce_csrf_checks=True)
    at_beta = front.browser(beta, enforce_csrf_checks=True)
    token = at_alpha.get("/login/").context["csrf_token"]
    at_beta.get("/login/")
    form = {
        "login_view-current_step": "auth",
        "auth-username": "reception@example.com",
        "auth-password": front.password,
    }

    foreign = at_beta.post("/login/", {**form, "csrfmiddlewaretoken": token})
    from_alpha = at_beta.post(
        "/login/",
        {**form, "csrfmiddlewaretoken": at_beta.get("/login/").context["csrf_token"]},
        headers={"origin": alpha.url},
    )

    assert (foreign.status_code, from_alpha.status_code) == (403, 403)
    assert not front.is_in(at_beta)


def test_signing_out_ends_the_session_on_the_server(alpha, front):
    browser = front.sign_in(alpha)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value

    answer = browser.post("/logout/")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cookie

    assert answer.headers["Location"] == "/login/"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not front.is_in(browser)


def test_a_get_signs_nobody_out(alpha, front):
    browser = front.sign_in(alpha)

    assert browser.get("/logout/").status_code == 405
    assert front.is_in(browser)


def test_the_sixth_wrong_password_from_an_address_is_refused_and_elsewhere_counts_anew(
    alpha, front
):
    front.add(alpha, "reception")
    email = "reception@example.com"

    answers = [
        front.give_password(front.browser(alpha), email, "a wrong password") for _ in range(6)
    ]
    right = front.give_password(front.browser(alpha), email)
    elsewhere = front.browser(alpha)
    front.give_password(elsewhere, email, REMOTE_ADDR="198.51.100.7")

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[5].headers["Retry-After"]) > 0
    assert right.status_code == 429
    assert front.is_in(elsewhere)


def test_wrong_codes_are_counted_too(alpha, front):
    front.add(alpha, "admin", factor=True)
    browser = front.browser(alpha)
    front.give_password(browser, "admin@example.com")

    statuses = [front.give_code(browser, "000000").status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]


def test_log_ins_failures_and_log_outs_are_on_record(alpha, front, events):
    front.add(alpha, "reception")
    browser = front.browser(alpha)

    front.give_password(browser, "nobody@example.com", "a wrong password")
    front.give_password(browser, "reception@example.com", "a wrong password")
    front.give_password(browser, "reception@example.com")
    browser.post("/logout/")

    assert events(alpha, "sign_") == [
        ("sign_in.failed", "failed"),
        ("sign_in.failed", "failed"),
        ("sign_in.ok", "ok"),
        ("sign_out", "ok"),
    ]


def test_the_trail_names_who_signed_in(alpha, front):
    from audit.models import Event

    browser = front.sign_in(alpha)

    with front.scope(alpha):
        event = Event.objects.get(action="sign_in.ok")
    assert (event.actor_id, event.actor_label) == (str(browser.person.pk), "Alice Adams")


def test_an_operator_signs_in_on_the_operators_host(committed, front):
    browser = front.sign_in(None, "operator", factor=True)

    assert front.is_in(browser)


def test_an_operator_is_unknown_at_a_clinic(committed, alpha, front):
    front.add(None, "operator", factor=True)
    browser = front.browser(alpha)

    answer = front.give_password(browser, "operator@example.com")

    assert "No account here" in answer.content.decode()
