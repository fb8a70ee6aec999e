"""Letters are written and sent by the worker: a request neither waits for mail nor betrays it."""

from __future__ import annotations

import smtplib
from typing import Any

from celery import shared_task
from django.conf import settings

from accounts.letters import Letter, write
from tenants.scope import platform_scope
from tenants.tasks import tenant_task

RETRY: dict[str, Any] = {
    "autoretry_for": (OSError, smtplib.SMTPException),
    "retry_backoff": 30,
    "max_retries": 6,
}


@tenant_task(name="accounts.send_letter", long=True, **RETRY)
def send_letter(self: Any, letter: str, user_id: str) -> None:
    """Send a letter to somebody of a clinic."""
    clinic = self.request.tenant
    with self.scope():
        message = write(Letter(letter), user_id, sender=clinic.name, url=clinic.url)
    if message is not None:
        message.send()


@shared_task(name="accounts.send_operators_letter", **RETRY)
def send_operators_letter(letter: str, user_id: str) -> None:
    """Send a letter to an operator."""
    with platform_scope():
        message = write(Letter(letter), user_id, sender="Nexus Operators", url=operators_url())
    if message is not None:
        message.send()


def operators_url() -> str:
    scheme = "https" if settings.SECURE else "http"
    port = f":{settings.WEB_PORT}" if settings.WEB_PORT not in {80, 443} else ""
    return f"{scheme}://{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}{port}"
