"""The mails an account sends: which there are, and how they get on their way."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.hashers import is_password_usable
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from accounts.tokens import INVITATION_DAYS, invitation_token, reset_tokens
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID


class Letter(StrEnum):
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a letter's name
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a letter's name
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"


SUBJECTS = {
    Letter.INVITATION: "Join {sender}",
    Letter.PASSWORD_RESET: "Choose a new password for {sender}",
    Letter.PASSWORD_CHANGED: "Your password for {sender} was changed",
    Letter.FACTOR_ADDED: "A second factor was set up for {sender}",
    Letter.FACTOR_REMOVED: "Your second factor for {sender} was removed",
}


def post(letter: Letter, user_id: UUID) -> None:
    """Send a letter on its way once the transaction is committed; the task carries ids only."""
    from accounts.tasks import send_letter, send_operators_letter

    scope = current_scope()
    send = (
        partial(send_letter.delay_for, scope.tenant_id, letter.value, str(user_id))
        if scope.is_clinic
        else partial(send_operators_letter.delay, letter.value, str(user_id))
    )
    transaction.on_commit(send, using=scope.alias, robust=True)


def write(letter: Letter, user_id: str, *, sender: str, url: str) -> EmailMultiAlternatives | None:
    """Write a letter in the running scope; None where it no longer fits the person.

    `sender` is the clinic's name, `url` its own address: a link never leads to another host.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not _fits(letter, user):
        return None
    subject = " ".join(SUBJECTS[letter].format(sender=sender).split())
    context = {
        "user": user,
        "sender": sender,
        "url": url,
        "link": url + _path(letter, user),
        "subject": subject,
        "days": INVITATION_DAYS,
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"accounts/mail/{letter.value}.txt", context),
        from_email=formataddr((f"{sender} via Nexus", parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[user.email],
    )
    message.attach_alternative(
        render_to_string(f"accounts/mail/{letter.value}.html", context), "text/html"
    )
    return message


def _fits(letter: Letter, user: User) -> bool:
    if letter is Letter.INVITATION:
        return user.invited_at is not None
    return user.invited_at is None and is_password_usable(user.password)


def _path(letter: Letter, user: User) -> str:
    if letter is Letter.INVITATION:
        return reverse("accounts:invitation", args=[invitation_token(user)], urlconf=_urlconf())
    if letter is Letter.PASSWORD_RESET:
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        token = reset_tokens.make_token(user)
        return reverse("accounts:password_reset_confirm", args=[uid, token], urlconf=_urlconf())
    return reverse("accounts:account", urlconf=_urlconf())


def _urlconf() -> str:
    """A worker has no request, so the host's addresses are chosen by the scope."""
    return settings.CLINIC_URLCONF if current_scope().is_clinic else settings.OPERATORS_URLCONF
