"""Telling the owners that a connection is broken or has not worked for hours: once, that day."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from connections.models import Connection
from connections.providers import provider as provider_of
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from tenants.models import Tenant

log = logging.getLogger(__name__)

State = Connection.State
SILENT_AFTER = timedelta(hours=4)
"""A connection that has worked for nothing so long is told of like a broken one."""


@dataclass(frozen=True)
class Alarm:
    """What is wrong with one connection, in words. `key` is the same for the same trouble."""

    key: str
    title: str
    text: str
    url: str


_hooks: list[Callable[[Sequence[User], Alarm], None]] = []


def on_alarm(hook: Callable[[Sequence[User], Alarm], None]) -> None:
    """Register who else tells people inside the clinic, such as the bell; runs in its scope."""
    if hook not in _hooks:
        _hooks.append(hook)


def troubled() -> QuerySet[Connection]:
    """Answer the connections of the clinic in scope whose trouble nobody has been told of."""
    silent = Q(state=State.LIVE, problem_at__lt=timezone.now() - SILENT_AFTER)
    return Connection.objects.filter(Q(state=State.BROKEN) | silent, told_at=None)


def tell_owners(tenant: Tenant, connection_id: UUID | str) -> bool:
    """Mail the owners and tell them in the clinic; False where they were told, or all is well again."""
    now = timezone.now()
    with tenant_scope(tenant):
        found = troubled().select_for_update().filter(pk=connection_id).first()
        if found is None:
            return False
        Connection.objects.filter(pk=found.pk).update(told_at=now)
        mails = announce(tenant, _alarm(found))
    try:
        for mail in mails:
            mail.send()
    except OSError:  # smtplib's errors are some of these
        log.warning("the owners were not told of a broken connection; it is tried again")
        with tenant_scope(tenant):
            Connection.objects.filter(pk=found.pk, told_at=now).update(told_at=None)
        return False
    return True


_ROLES = (User.Role.OWNER, User.Role.ADMIN)


def announce(tenant: Tenant, alarm: Alarm) -> list[EmailMessage]:
    """Tell owners and administrators inside the clinic, in its scope; answers the owners' mails.

    They are sent by whoever asks, outside of every transaction.
    """
    people = list(User.objects.filter(is_active=True, role__in=_ROLES))
    for hook in _hooks:
        hook(people, alarm)
    return [_mail(tenant, person, alarm) for person in people if person.role == User.Role.OWNER]


def _alarm(connection: Connection) -> Alarm:
    name = provider_of(connection.provider).name
    is_broken = connection.state == State.BROKEN
    return Alarm(
        key=f"connection:{connection.pk}",
        title=f"{name} has to be connected again" if is_broken else f"{name} does not work",
        text=connection.problem,
        url=reverse("integrations:list", urlconf=settings.CLINIC_URLCONF),
    )


def _mail(tenant: Tenant, person: User, alarm: Alarm) -> EmailMessage:
    context = {"user": person, "alarm": alarm, "clinic": tenant, "link": tenant.url + alarm.url}
    return EmailMessage(
        subject=" ".join(f"{tenant.name}: {alarm.title}".split()),
        body=render_to_string("connections/mail/alarm.txt", context),
        from_email=formataddr(("Nexus", parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[person.email],
    )
