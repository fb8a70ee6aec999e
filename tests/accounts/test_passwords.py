from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords import common_passwords, is_predictable


@pytest.mark.parametrize(
    "password",
    [
        "kvwpzeqhtdmx",
        "plum harbour lantern 7",
        "a" * 5 + "purple giraffe ladder",
        "пароль длинный один",
        "correct horse battery staple",
        "q7" * 3 + "maple-orchard" * 4,
        "mind the gap " * 10,
    ],
)
def test_long_unpredictable_passwords_pass_whatever_their_characters(password):
    validate_password(password, User(email="alice@example.com", name="Alice Adams"))


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "passwordpassword",
        "qwertyuiop[]",
        "qwertyuiop12",
        "123456789012",
        "abcdefghijkl",
        "987654321098",
        "aaaaaaaaaaaa",
        "iloveyou2024",
        "!!letmein!!!!",
        "P@ssw0rd2026",
        "administrator",
        "nexusnexus12",
        "abcabcabcabc",
    ],
)
def test_common_passwords_in_disguise_are_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password)


def test_every_long_entry_of_the_common_list_is_refused():
    long = [password for password in common_passwords() if len(password) >= 12]

    assert len(long) > 100
    assert all(is_predictable(password) for password in long)


@pytest.mark.parametrize("password", ["alice@example.com", "alice adams 12"])
def test_ones_own_name_and_address_are_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(email="alice@example.com", name="Alice Adams"))


def test_eleven_characters_are_too_few_and_twelve_are_enough():
    with pytest.raises(ValidationError, match="12"):
        validate_password("kvwpzeqhtdm")

    validate_password("kvwpzeqhtdmx")


def test_passwords_are_kept_as_argon2id_with_19_mib():
    assert make_password("kvwpzeqhtdmx").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_no_character_of_a_password_is_ignored():
    user = User()
    user.set_password("x" * 80 + "A")

    assert user.check_password("x" * 80 + "A")
    assert not user.check_password("x" * 80 + "a")
    assert not user.check_password("x" * 80 + "B")
