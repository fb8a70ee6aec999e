"""The second factor: time-based codes (RFC 6238), and backup codes for a lost telephone."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac
from django_otp import device_classes
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import trail
from accounts.letters import Letter, post
from accounts.models import User
from accounts.permissions import FACTOR_IS_MANDATORY
from accounts.rules import AccountError, OwnAccountError, check_may_manage
from accounts.services.sessions import end_sessions
from accounts.transactions import atomic

if TYPE_CHECKING:
    from django_otp.models import Device

BACKUP_CODES = 10
DIGITS = 6
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10


class WrongCodeError(AccountError):
    """The code is not the authenticator's present one, or has been used."""


class FactorMandatoryError(AccountError):
    """The person's role may not go without a second factor."""


def lock_person(user: User) -> User:
    """Take the person's row until the transaction ends: of many equal codes at once, one counts."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if hasattr(user, "backend"):
        locked.backend = user.backend
    return locked


@atomic
def verify_code(user: User, code: str) -> Device | None:
    """Use up a code of the authenticator or a backup code; answers the device that knew it."""
    lock_person(user)
    digits = "".join(code.split())
    if digits.isdecimal() and len(digits) == DIGITS:
        devices, given = TOTPDevice.objects, digits
    else:
        devices, given = StaticDevice.objects, backup_digest(code)
    for device in devices.filter(user=user, confirmed=True).order_by("pk"):
        if device.verify_token(given):
            return device
    return None


@atomic
def confirm_factor(user: User, *, key: str, code: str, keep: str | None = None) -> TOTPDevice:
    """Set up an authenticator whose secret is `key` (hex), proved by its present code.

    It takes the place of an earlier one. The person's other sessions end. Raises WrongCodeError.
    """
    lock_person(user)
    TOTPDevice.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, key=key, name="default", tolerance=1)
    # Verified as at a log-in, so that the code that proves the set-up signs nobody in.
    if not device.verify_token("".join(code.split())):
        raise WrongCodeError(
            "This is not the code the app shows now. Check that the time of your telephone is set "
            "automatically, and enter the newest code."
        )
    trail.record("factor.added", user=user)
    end_sessions(user, keep=keep, why="second factor changed")
    post(Letter.FACTOR_ADDED, user.pk)
    return device


@atomic
def remove_factor(user: User, *, keep: str | None = None) -> None:
    """Do without the second factor. Raises FactorMandatoryError for those who must have one."""
    if user.role in FACTOR_IS_MANDATORY:
        raise FactorMandatoryError(
            f"The role “{user.get_role_display()}” needs a second factor. "
            "Set up another authenticator instead."
        )
    _forget_devices(user)
    trail.record("factor.removed", user=user)
    end_sessions(user, keep=keep, why="second factor removed")
    post(Letter.FACTOR_REMOVED, user.pk)


@atomic
def reset_factor(user: User, *, actor: User | None) -> None:
    """Forget the authenticator of somebody who has lost theirs; they set up a new one."""
    check_may_manage(actor, user)
    if actor is not None and actor.pk == user.pk:
        raise OwnAccountError("Change your own second factor on your account page.")
    _forget_devices(user)
    trail.record("factor.reset", user=user)
    end_sessions(user, why="second factor reset")
    post(Letter.FACTOR_REMOVED, user.pk)


@atomic
def make_backup_codes(user: User) -> list[str]:
    """Make new backup codes and forget the old ones; they are kept as digests, shown this once."""
    lock_person(user)
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="backup")
    codes = [_backup_code() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=backup_digest(code)) for code in codes
    )
    trail.record("factor.backup_codes_made", user=user)
    return codes


def backup_digest(code: str) -> str:
    """Answer what is kept of a backup code: 16 letters of a keyed digest (80 bits)."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    digest = salted_hmac("accounts.backup_code", plain, algorithm="sha256").digest()
    return base64.b32encode(digest).decode().lower()[:16]


def hex_key(secret: str) -> str:
    """Turn a Base32 secret, as apps show it, into the hex that is stored. Raises ValueError."""
    text = "".join(secret.split()).upper()
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8)).hex()
    except binascii.Error as error:
        raise ValueError(
            "A TOTP secret is written in Base32: the letters A to Z and the digits 2 to 7."
        ) from error


def _backup_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def _forget_devices(user: User) -> None:
    """Forget every kind of device there is: authenticator, backup codes, passkeys."""
    for kind in device_classes():
        kind.objects.filter(user=user).delete()
