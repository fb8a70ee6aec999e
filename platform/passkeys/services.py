"""Making, using, naming and removing passkeys. The protocol itself is `fido2`'s (Yubico)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts import trail
from accounts.rules import AccountError
from accounts.services.factors import lock_person
from accounts.transactions import atomic
from passkeys.models import Passkey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import User

MOST = 10
"""Passkeys a person may have."""


class PasskeyError(AccountError):
    """The passkey cannot be made or was not proved; the message is for the person."""


REFUSED = "This passkey was not accepted. Try again, or use your code."


def server_of(*, host: str, origin: str, name: str) -> Fido2Server:
    """Answer the checker for one host: a passkey of `ops.…` is none for a clinic, nor another way."""
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name=name),
        verify_origin=lambda asked: asked == origin,
    )


def begin_registration(server: Fido2Server, user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answer what the browser needs to make a passkey, and what to keep until it has made it."""
    options, state = server.register_begin(
        PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.email, display_name=user.name),
        credentials=_credentials_of(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options)["publicKey"], state


@atomic
def register(
    server: Fido2Server,
    user: User,
    *,
    state: dict[str, Any],
    response: Mapping[str, Any],
    name: str,
) -> Passkey:
    """Keep a passkey that the browser has made. Raises PasskeyError."""
    lock_person(user)
    if Passkey.objects.filter(user=user).count() >= MOST:
        raise PasskeyError(f"You have {MOST} passkeys. Remove one first.")
    try:
        registration = RegistrationResponse.from_dict(response)
        made = server.register_complete(state, registration)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PasskeyError("The passkey could not be checked. Try again.") from None
    data = made.credential_data
    if data is None or Passkey.objects.filter(credential_id=data.credential_id).exists():
        raise PasskeyError("This passkey is known already.")
    passkey = Passkey.objects.create(
        user=user,
        name=name.strip()[:64] or "Passkey",
        credential_id=data.credential_id,
        credential=bytes(data),
        sign_count=made.counter,
        transports=_transports(response),
    )
    trail.record("passkey.added", user=user, name=passkey.name)
    return passkey  # type: ignore[no-any-return] # django_otp is untyped


def begin_proof(server: Fido2Server, user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answer what the browser needs to prove a passkey, and what to keep until it has."""
    options, state = server.authenticate_begin(
        _credentials_of(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    return dict(options)["publicKey"], state


@atomic
def prove(
    server: Fido2Server, user: User, *, state: dict[str, Any], response: Mapping[str, Any]
) -> Passkey:
    """Answer the passkey that has signed this challenge. Raises PasskeyError.

    A counter that does not go up is that of a copied key: it opens nothing.
    """
    lock_person(user)
    try:
        answer = AuthenticationResponse.from_dict(response)
        used = server.authenticate_complete(state, _credentials_of(user), answer)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PasskeyError(REFUSED) from None
    passkey = Passkey.objects.select_for_update().get(user=user, credential_id=used.credential_id)
    counter = answer.response.authenticator_data.counter
    if (counter or passkey.sign_count) and counter <= passkey.sign_count:
        trail.record("passkey.copied", user=user, result="denied", name=passkey.name)
        raise PasskeyError(REFUSED)
    passkey.sign_count, passkey.last_used_at = counter, timezone.now()
    passkey.save(update_fields=["sign_count", "last_used_at"])
    return passkey  # type: ignore[no-any-return]


@atomic
def rename(user: User, passkey_id: int, *, name: str) -> Passkey:
    """Raises Passkey.DoesNotExist for what is not the person's own."""
    passkey: Passkey = Passkey.objects.get(pk=passkey_id, user=user)
    passkey.name = name.strip()[:64] or passkey.name
    passkey.save(update_fields=["name"])
    return passkey


@atomic
def remove(user: User, passkey_id: int) -> Passkey:
    """Forget a passkey; sessions it has opened end with it. Raises Passkey.DoesNotExist."""
    passkey: Passkey = Passkey.objects.get(pk=passkey_id, user=user)
    trail.record("passkey.removed", user=user, name=passkey.name)
    passkey.delete()
    return passkey


def _credentials_of(user: User) -> list[AttestedCredentialData]:
    return [
        AttestedCredentialData(bytes(kept))
        for kept in Passkey.objects.filter(user=user).values_list("credential", flat=True)
    ]


def _transports(response: Mapping[str, Any]) -> list[str]:
    inner = response.get("response")
    named = inner.get("transports") if isinstance(inner, dict) else None
    return [str(one)[:20] for one in named][:8] if isinstance(named, list) else []
