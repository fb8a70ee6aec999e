from __future__ import annotations

import pytest
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import services
from accounts.services.factors import FactorMandatoryError, WrongCodeError, hex_key
from tenants.scope import tenant_scope

OTHER = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"


def test_the_code_that_proves_the_set_up_signs_nobody_in(alpha, front):
    person = front.add(alpha, "admin")

    with tenant_scope(alpha):
        code = front.code()
        services.confirm_factor(person, key=hex_key(front.secret), code=code)

        assert services.verify_code(person, code) is None


def test_a_wrong_code_sets_nothing_up_and_keeps_the_present_app(alpha, front):
    person = front.add(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        before = TOTPDevice.objects.get()
        with pytest.raises(WrongCodeError):
            services.confirm_factor(person, key=hex_key(OTHER), code="000000")

        assert TOTPDevice.objects.get() == before


def test_a_new_app_takes_the_old_ones_place_and_ends_other_sessions(alpha, front):
    browser = front.sign_in(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        services.confirm_factor(browser.person, key=hex_key(OTHER), code=front.code(OTHER))

        assert TOTPDevice.objects.get().key == hex_key(OTHER)
    assert not front.is_in(browser)


def test_backup_codes_are_kept_as_digests_and_replaced_together(alpha, front):
    person = front.add(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        old = services.make_backup_codes(person)
        new = services.make_backup_codes(person)
        kept = set(StaticToken.objects.values_list("token", flat=True))

        assert len(set(new)) == len(kept) == 10
        assert not kept & set(new)
        assert services.verify_code(person, old[0]) is None
        assert services.verify_code(person, new[0]) is not None
        assert services.verify_code(person, new[0]) is None
        assert services.verify_code(person, new[1].replace("-", " ").upper()) is not None


def test_who_must_have_a_second_factor_keeps_it(alpha, front):
    person = front.add(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        with pytest.raises(FactorMandatoryError):
            services.remove_factor(person)

        assert TOTPDevice.objects.filter(user=person).exists()


def test_removing_the_factor_takes_the_backup_codes_along(alpha, front):
    person = front.add(alpha, "reception", factor=True)

    with tenant_scope(alpha):
        services.make_backup_codes(person)
        services.remove_factor(person)

        assert not TOTPDevice.objects.exists()
        assert not StaticToken.objects.exists()


def test_an_owner_resets_the_factor_of_somebody_who_has_lost_theirs(alpha, front):
    owner = front.add(alpha, "owner", factor=True)
    browser = front.sign_in(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        services.reset_factor(browser.person, actor=owner)

    assert not front.is_in(browser)
    front.give_password(browser, "admin@example.com")
    assert browser.get("/account/").headers["Location"] == "/account/two-factor/setup/"


def test_the_clock_never_drifts_further_than_a_step(alpha, front):
    person = front.add(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        assert services.verify_code(person, front.code(steps=1)) is not None
        assert TOTPDevice.objects.get().drift == 0
        assert services.verify_code(person, front.code(steps=2)) is None


def test_the_trail_never_sees_a_secret(alpha, front):
    from audit.models import Payload

    person = front.add(alpha, "admin", factor=True)
    with tenant_scope(alpha):
        services.make_backup_codes(person)
        bodies = " ".join(Payload.objects.values_list("body", flat=True))
        tokens = StaticToken.objects.values_list("token", flat=True)

        assert hex_key(front.secret) not in bodies
        assert not any(token in bodies for token in tokens)


def test_a_secret_that_is_not_base32_is_refused():
    with pytest.raises(ValueError, match="Base32"):
        hex_key("not-base32!")
