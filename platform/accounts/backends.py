"""Who a name and a password belong to, among the people of the running scope."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import BaseBackend

from accounts.models import User

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from django.http import HttpRequest


class ScopedModelBackend(BaseBackend):
    """Looks in the scope's own table; Django's groups and permissions are not used."""

    def authenticate(
        self,
        request: HttpRequest | None,  # noqa: ARG002
        username: str | None = None,
        password: str | None = None,
        **_credentials: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            # An unknown name costs one hash too, or the time would tell who works here.
            User().set_password(password)
            return None
        right = user.check_password(password)
        return user if right and user.is_active else None

    def get_user(self, user_id: UUID) -> User | None:
        person = _read_already.get()
        if person is not None and person.pk == user_id:
            return person if person.is_active else None
        return User.objects.filter(pk=user_id, is_active=True).first()


_read_already: ContextVar[User | None] = ContextVar("nexus_person_of_session", default=None)


@contextmanager
def read_already(person: User | None) -> Iterator[None]:
    """Let the block find a person whom this very request has just read, with their session."""
    token = _read_already.set(person)
    try:
        yield
    finally:
        _read_already.reset(token)
