"""Mail to the platform's operators."""

from __future__ import annotations

import logging
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.models import User
from tenants.scope import platform_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)


def mail_operators(subject: str, lines: Sequence[str], *, well_again: Sequence[str] = ()) -> bool:
    """Mail every active operator; outside every scope. False where the mail could not be sent."""
    with platform_scope():
        people = list(User.objects.filter(is_active=True).order_by("email"))
    context = {"lines": lines, "well_again": well_again, "host": _operators_host()}
    body = render_to_string("backups/mail/news.txt", context)
    try:
        for person in people:
            EmailMessage(
                subject=f"Nexus: {' '.join(subject.split())}",
                body=body,
                from_email=formataddr(("Nexus", parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
                to=[person.email],
            ).send()
    except OSError:  # smtplib's errors are some of these
        log.warning("the operators could not be mailed")
        return False
    return bool(people)


def _operators_host() -> str:
    scheme = "https" if settings.SECURE else "http"
    port = f":{settings.WEB_PORT}" if settings.WEB_PORT not in {80, 443} else ""
    return f"{scheme}://{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}{port}/"
