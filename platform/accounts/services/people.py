"""Who belongs to a clinic: invited, joined, given a role, sent away and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import trail
from accounts.letters import Letter, post
from accounts.models import User
from accounts.rules import (
    AccountError,
    LastOwnerError,
    NotYourRoleError,
    OwnAccountError,
    check_may_manage,
    roles_open_to,
)
from accounts.services.factors import hex_key
from accounts.services.sessions import end_sessions
from accounts.tokens import invited_id, is_current
from accounts.transactions import atomic
from tenants.scope import current_scope

if TYPE_CHECKING:
    from datetime import datetime

Role = User.Role


class AddressTakenError(AccountError):
    """Somebody here has this e-mail address already."""


class InvitationClosedError(AccountError):
    """The invitation has been used, replaced, cancelled or left too long."""


class NotInvitedError(AccountError):
    """The person has joined already: there is no invitation to send or to cancel."""


def create_user(*, email: str, name: str, role: str, password: str) -> User:
    """Add somebody with a password of their own choosing: sign-up, a command, the demo.

    Raises AddressTakenError; the caller has validated the password.
    """
    user = User(email=email.strip().lower(), name=name.strip(), role=role)
    user.set_password(password)
    return _insert(user)


@atomic
def ensure_user(*, email: str, name: str, role: str, password: str, totp_secret: str = "") -> User:
    """Make or correct a person with known credentials, so that a demo can print them.

    `totp_secret` is Base32; without it the person has no second factor. Safe to run again: what is
    right already is left alone.
    """
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is None:
        user = create_user(email=email, name=name, role=role, password=password)
    elif not user.check_password(password) or user.invited_at or not user.is_active:
        user.set_password(password)
        user.invited_at, user.is_active = None, True
        user.save()
    if (user.name, user.role) != (name, role):
        user.name, user.role = name, role
        user.save(update_fields=["name", "role"])
    key = hex_key(totp_secret) if totp_secret else ""
    if not TOTPDevice.objects.filter(user=user, key=key).exists():
        TOTPDevice.objects.filter(user=user).delete()
        if key:
            TOTPDevice.objects.create(user=user, key=key, name="default", tolerance=1)
    return user


@atomic
def invite_user(
    *, email: str, name: str, role: str, actor: User, at: datetime | None = None
) -> User:
    """Add somebody who will choose their own password, and mail them the link.

    Raises NotYourRoleError, AddressTakenError.
    """
    if role not in roles_open_to(actor):
        raise NotYourRoleError("Your role does not allow you to invite somebody with this role.")
    user = User(
        email=email.strip().lower(), name=name.strip(), role=role, invited_at=at or timezone.now()
    )
    user.set_unusable_password()
    _insert(user)
    trail.record("invitation.sent", user=user, role=role)
    post(Letter.INVITATION, user.pk)
    return user


@atomic
def resend_invitation(user: User, *, actor: User, at: datetime | None = None) -> None:
    """Mail a new link; the old one stops working. Raises NotInvitedError, NotYourRoleError."""
    check_may_manage(actor, user)
    user = _locked(user)
    _check_invited(user)
    user.invited_at = at or timezone.now()
    user.save(update_fields=["invited_at"])
    trail.record("invitation.sent", user=user, role=user.role)
    post(Letter.INVITATION, user.pk)


@atomic
def cancel_invitation(user: User, *, actor: User) -> None:
    """Take back an invitation; the person leaves no account behind. Raises NotInvitedError."""
    check_may_manage(actor, user)
    user = _locked(user)
    _check_invited(user)
    trail.record("invitation.cancelled", user=user)
    user.delete()


@atomic
def accept_invitation(token: str, *, password: str) -> User:
    """Join with the mailed token and a password. Raises InvitationClosedError, ValidationError."""
    user = invited_person(token, lock=True)
    validate_password(password, user)
    user.set_password(password)
    user.invited_at = None
    user.save(update_fields=["password", "invited_at"])
    trail.record("invitation.accepted", user=user)
    return user


def invited_person(token: str, *, lock: bool = False) -> User:
    """Answer whom a token invites; raises InvitationClosedError."""
    people = User.objects.select_for_update() if lock else User.objects.all()
    found = invited_id(token)
    user = people.filter(pk=found[0]).first() if found else None
    if found is None or user is None or not user.invited_at or not is_current(user, found[1]):
        raise InvitationClosedError(
            "This invitation has been used or has run out. Ask for a new one."
        )
    return user


@atomic
def rename_user(user: User, *, name: str, actor: User) -> None:
    """Change somebody's name: their own, or by those who manage them."""
    if actor.pk != user.pk:
        check_may_manage(actor, user)
    user.name = name.strip()
    user.save(update_fields=["name"])


@atomic
def change_role(user: User, *, role: str, actor: User | None) -> None:
    """Give somebody another role; all their sessions end, and what they may do changes at once.

    Raises NotYourRoleError, LastOwnerError.
    """
    check_may_manage(actor, user, role=role)
    if user.role == role:
        return
    _check_an_owner_stays(user, leaving=role != Role.OWNER)
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    trail.record("role.changed", user=user, before=before, after=role)
    end_sessions(user, why="role changed")


@atomic
def deactivate_user(user: User, *, actor: User | None) -> None:
    """Shut somebody out at once; what they did stays theirs.

    Raises NotYourRoleError, OwnAccountError, LastOwnerError.
    """
    check_may_manage(actor, user)
    if actor is not None and actor.pk == user.pk:
        raise OwnAccountError("You cannot deactivate yourself. Ask another owner or administrator.")
    _check_an_owner_stays(user, leaving=True)
    user.is_active = False
    user.save(update_fields=["is_active"])
    trail.record("user.deactivated", user=user)
    end_sessions(user, why="deactivated")


@atomic
def reactivate_user(user: User, *, actor: User | None) -> None:
    """Let somebody back in, with the password and the second factor they had."""
    check_may_manage(actor, user)
    user.is_active = True
    user.save(update_fields=["is_active"])
    trail.record("user.reactivated", user=user)


def _insert(user: User) -> User:
    try:
        with transaction.atomic(using=current_scope().alias):
            user.save(force_insert=True)
    except IntegrityError as error:
        if "accounts_user_email" not in str(error):
            raise
        raise AddressTakenError(
            f"Somebody with the address {user.email} is on the staff list already."
        ) from None
    return user


def _locked(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _check_invited(user: User) -> None:
    if not user.invited_at:
        raise NotInvitedError(f"{user.name} has joined already.")


def _check_an_owner_stays(user: User, *, leaving: bool) -> None:
    """Lock all owners, so that two of them cannot take each other's place away at once."""
    owners = User.objects.filter(role=Role.OWNER, is_active=True, invited_at__isnull=True)
    standing = set(owners.order_by("pk").select_for_update().values_list("pk", flat=True))
    if leaving and user.role == Role.OWNER and user.pk in standing and len(standing) == 1:
        raise LastOwnerError(f"{user.name} is the only owner. Make somebody else an owner first.")
