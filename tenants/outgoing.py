"""Nothing leaves a sandbox: its people are invented, and who reads a mail would not know.

Every mail of the platform goes through this backend; whether a vendor is spoken to is asked in
`connections.relay`, and loops over all clinics pass sandboxes by (`tenants.tasks.active_clinics`).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from tenants.scope import active_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.core.mail import EmailMessage

log = logging.getLogger(__name__)
_silent: ContextVar[bool] = ContextVar("nexus_silent", default=False)


@contextmanager
def silent(*, when: bool) -> Iterator[None]:
    """Let nothing be sent by the work of a sandbox, in its scope or between two of them."""
    token = _silent.set(when or _silent.get())
    try:
        yield
    finally:
        _silent.reset(token)


def is_silent() -> bool:
    """Say whether what runs here is a sandbox's."""
    scope = active_scope()
    return _silent.get() or (scope is not None and scope.is_sandbox)


class GuardedBackend(BaseEmailBackend):
    """Hands mails to the installation's own backend (`MAIL_BACKEND`), but none of a sandbox."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self._real = get_connection(settings.MAIL_BACKEND, fail_silently=fail_silently, **options)

    def open(self) -> bool | None:
        return None if is_silent() else self._real.open()

    def close(self) -> None:
        self._real.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if is_silent():
            log.info("%d mails of a sandbox were not sent", len(email_messages))
            return 0
        return int(self._real.send_messages(email_messages) or 0)
