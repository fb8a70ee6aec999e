from __future__ import annotations

import re

from django.conf import settings
from django_otp.plugins.otp_totp.models import TOTPDevice

SETUP = "/account/two-factor/setup/"


def secret_on(page):
    return re.search(r"<code>([A-Z2-7 ]+)</code>", page.text).group(1).replace(" ", "")


def set_up(browser, front):
    page = browser.get(SETUP)
    return browser.post(SETUP, {"code": front.code(secret_on(page))})


def test_an_owner_sets_the_factor_up_and_goes_on(alpha, front):
    browser = front.sign_in(alpha, "owner")
    before = browser.cookies[settings.SESSION_COOKIE_NAME].value

    answer = set_up(browser, front)

    assert answer.status_code == 200
    assert len(re.findall(r"<code>\w{5}-\w{5}</code>", answer.text)) == 10
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert browser.get("/staff/").status_code == 200


def test_the_picture_is_drawn_by_us(alpha, front):
    page = front.sign_in(alpha, "owner").get(SETUP)

    assert '<svg class="nx-qr"' in page.text
    assert "otpauth://" not in page.text
    assert not re.search(r'(src|href)="(https?:)?//', page.text)


def test_the_secret_stays_the_same_until_it_is_proved(alpha, front):
    browser = front.sign_in(alpha, "owner")

    first = secret_on(browser.get(SETUP))
    browser.post(SETUP, {"code": "000000"})

    assert secret_on(browser.get(SETUP)) == first
    with front.scope(alpha):
        assert not TOTPDevice.objects.exists()


def test_who_has_a_factor_is_not_given_another_without_proof(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)

    assert browser.get(SETUP).headers["Location"] == "/account/two-factor/"
    assert browser.post(SETUP, {"code": "123456"}).headers["Location"] == "/account/two-factor/"


def test_password_and_code_open_the_way_to_another_app(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)
    replace = "/account/two-factor/replace/"

    wrong = browser.post(replace, {"password": front.password, "code": "000000"})
    right = browser.post(replace, {"password": front.password, "code": front.code(steps=1)})
    answer = set_up(browser, front)

    assert wrong.status_code == 200
    assert right.headers["Location"] == SETUP
    assert "Your backup codes" in answer.text
    with front.scope(alpha):
        assert TOTPDevice.objects.count() == 1


def test_removing_asks_for_password_and_code(alpha, front):
    browser = front.sign_in(alpha, "reception", factor=True)
    remove = "/account/two-factor/remove/"

    browser.post(remove, {"password": front.password})
    browser.post(remove, {"password": "wrong", "code": front.code(steps=1)})
    with front.scope(alpha):
        still_there = TOTPDevice.objects.exists()
    browser.post(remove, {"password": front.password, "code": front.code(steps=1)})

    assert still_there
    with front.scope(alpha):
        assert not TOTPDevice.objects.exists()
    assert front.is_in(browser)


def test_an_administrators_factor_stays_even_with_proof(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)

    browser.post(
        "/account/two-factor/remove/", {"password": front.password, "code": front.code(steps=1)}
    )

    with front.scope(alpha):
        assert TOTPDevice.objects.exists()


def test_new_backup_codes_ask_for_proof(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)
    path = "/account/two-factor/backup-codes/"

    without = browser.post(path, {"password": front.password, "code": "000000"})
    with_proof = browser.post(path, {"password": front.password, "code": front.code(steps=1)})

    assert "<code>" not in without.text
    assert len(re.findall(r"<code>\w{5}-\w{5}</code>", with_proof.text)) == 10


def test_guessing_at_the_proof_is_held_back(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)

    statuses = [
        browser.post(
            "/account/two-factor/remove/", {"password": "wrong", "code": "000000"}
        ).status_code
        for _ in range(6)
    ]

    assert statuses == [200] * 5 + [429]
