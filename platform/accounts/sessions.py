"""Sessions in the scope's own table: bound to it, ended by idleness and by age, revocable."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import (
    VALID_KEY_CHARS,
    CreateError,
    SessionBase,
    UpdateError,
)
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import get_random_string

from tenants.scope import current_scope

if TYPE_CHECKING:
    from accounts.models import User

ANONYMOUS_AGE = timedelta(hours=1)
TOUCH_EVERY = timedelta(seconds=30)
BACKGROUND_HEADER = "X-Nexus-Background"
"""Requests a page makes by itself carry it; they do not count as somebody being there."""


def digest_of(session_key: str) -> str:
    """Answer what the table knows a session by."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(SessionBase):
    """What `request.session` is on a clinic's and on the operators' host."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.address: str | None = None
        self.user_agent = ""
        self.in_background = False
        self.person: User | None = None
        """Who the row names, read with it; whether the session is theirs says its content."""

    @property
    def key_salt(self) -> str:
        """Sign for the scope: a row carried into another clinic's table is unreadable there."""
        return f"accounts.sessions.{current_scope().key}"

    @property
    def digest(self) -> str:
        return digest_of(self.session_key or "")

    def get_session_cookie_age(self) -> int:
        return int(settings.SESSION_COOKIE_AGE)

    def exists(self, session_key: str) -> bool:
        from accounts.models import Session

        return Session.objects.filter(key_digest=digest_of(session_key)).exists()

    def load(self) -> dict[str, Any]:
        from accounts.models import Session

        now = timezone.now()
        row = (
            Session.objects.select_related("user")
            .filter(
                key_digest=self.digest,
                expires_at__gt=now,
                last_seen_at__gt=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
            )
            .first()
        )
        self.person = row.user if row is not None else None
        data = self.decode(row.data) if row is not None else {}
        if row is None or not data:
            self._session_key = None
            return {}
        if not self.in_background and row.last_seen_at < now - TOUCH_EVERY:
            self._touch(row.pk, now)
        return data

    def _touch(self, pk: Any, now: Any) -> None:
        """Note that somebody is there; requests side by side do not wait for each other."""
        from accounts.models import Session

        if Session.objects.select_for_update(skip_locked=True).filter(pk=pk).exists():
            Session.objects.filter(pk=pk).update(last_seen_at=now)

    def create(self) -> None:
        while True:
            self._session_key = get_random_string(32, VALID_KEY_CHARS)
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        from accounts.models import Session

        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        user_id = data.get(SESSION_KEY)
        now = timezone.now()
        age = timedelta(seconds=settings.SESSION_COOKIE_AGE) if user_id else ANONYMOUS_AGE
        fields = {"data": self.encode(data), "user_id": user_id}
        if must_create:
            try:
                with transaction.atomic(using=current_scope().alias):
                    Session.objects.create(
                        key_digest=self.digest,
                        address=self.address,
                        user_agent=self.user_agent,
                        created_at=now,
                        last_seen_at=now,
                        expires_at=now + age,
                        **fields,
                    )
            except IntegrityError:
                raise CreateError from None
        elif not Session.objects.filter(key_digest=self.digest).update(
            expires_at=F("created_at") + age, **fields
        ):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        from accounts.models import Session

        key = session_key or self.session_key
        if key:
            Session.objects.filter(key_digest=digest_of(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the scope's dead sessions."""
        from accounts.models import Session

        now = timezone.now()
        idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS)
        Session.objects.filter(expires_at__lt=now).delete()
        Session.objects.filter(last_seen_at__lt=now - idle).delete()
