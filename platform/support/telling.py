"""Telling the owners: under the bell and by a mail that is kept in the transaction of what it tells of."""

from __future__ import annotations

import logging
import smtplib
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from support.desk.mirror import mirror
from support.models import Access
from tenants.scope import current_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenants.models import Tenant

log = logging.getLogger(__name__)

SUBJECTS = {
    Access.Letter.ASKED: "Nexus support asks to be let in",
    Access.Letter.EMERGENCY: "Nexus support has come in, in an emergency",
    Access.Letter.ENDED: "Nexus support has left",
}


class NobodyToTellError(Exception):
    """Nobody of the clinic could be told, so nobody comes in."""


@dataclass(frozen=True)
class News:
    """One line under the bell; the same `key` again takes the place of an unread one."""

    key: str
    title: str
    url: str


_hooks: list[Callable[[Sequence[User], News], None]] = []


def on_news(hook: Callable[[Sequence[User], News], None]) -> None:
    """Register who tells people inside the clinic, such as the bell; runs in its scope."""
    if hook not in _hooks:
        _hooks.append(hook)


def tell_owners(access: Access, letter: Access.Letter) -> None:
    """Put it under the owners' bells and note the mail that has to go, in the running transaction.

    The caller saves the access. Raises NobodyToTellError where there is no owner, or no bell.
    """
    owners = list(User.objects.filter(is_active=True, invited_at=None, role=User.Role.OWNER))
    if not owners or not _hooks:
        raise NobodyToTellError("This clinic has no owner who could be told, so nobody is let in.")
    url = reverse("support:access", args=[access.pk], urlconf=settings.CLINIC_URLCONF)
    news = News(f"support:{access.pk}", f"{SUBJECTS[letter]}: {access.reason}", url)
    for hook in _hooks:
        hook(owners, news)
    access.letter = letter
    send_soon()


def send_soon() -> None:
    """Wake the worker once this is kept; if it does not hear, the sweep finds the letter waiting."""
    from support.tasks import send_letters

    scope = current_scope()
    sending = partial(send_letters.delay_for, scope.tenant_id)
    transaction.on_commit(sending, using=scope.alias, robust=True)


def send_waiting(tenant: Tenant) -> int:
    """Send the mails that wait; answers how many. One that cannot be sent goes on waiting.

    The row is locked until its mails are gone: two workers send them once, a crash sends them again.
    """
    sent = 0
    while True:
        with tenant_scope(tenant):
            waiting = Access.objects.exclude(letter="").select_for_update(skip_locked=True)
            access = waiting.order_by("asked_at").first()
            if access is None:
                return sent
            try:
                for mail in mails_of(access, tenant):
                    mail.send()
            except (OSError, smtplib.SMTPException):
                log.warning("the owners of %s were not told; it is tried again", tenant.subdomain)
                return sent
            access.letter = ""
            access.save(update_fields=["letter"])
            mirror(access)
            sent += 1


def mails_of(access: Access, tenant: Tenant) -> list[EmailMessage]:
    """Write the waiting mail for each owner."""
    title = SUBJECTS[Access.Letter(access.letter)]
    path = reverse("support:access", args=[access.pk], urlconf=settings.CLINIC_URLCONF)
    owners = User.objects.filter(is_active=True, invited_at=None, role=User.Role.OWNER)
    return [
        EmailMessage(
            subject=f"{tenant.name}: {title}",
            body=render_to_string(
                f"support/mail/{access.letter}.txt",
                {"user": owner, "access": access, "clinic": tenant, "link": tenant.url + path},
            ),
            from_email=formataddr(("Nexus", parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
            to=[owner.email],
        )
        for owner in owners
    ]
