"""Who may listen: asked as the web asks it, when a stream opens and as long as it is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest

from accounts.middleware import person_behind
from accounts.permissions import FACTOR_IS_MANDATORY
from accounts.sessions import SessionStore
from events.topics import heard_by
from tenants.closing import OPEN
from tenants.middleware import subdomain_of
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

if TYPE_CHECKING:
    from accounts.models import User

NOT_FOUND, STRANGER, FORBIDDEN = 404, 401, 403


@dataclass(frozen=True)
class Listener:
    """One person of one clinic, and the topics they may hear."""

    tenant_id: int
    user_id: str
    topics: frozenset[str]


class NotAdmittedError(Exception):
    """Not to be let in, or not any more; `status` is the answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


def admit(*, host: str, origin: str, session_key: str) -> Listener:
    """Answer who listens; raises NotAdmittedError. Runs in a thread, with a connection of its own.

    `origin` is what the browser says of the page that asks: "" where it says nothing, as it does for
    a page of the same host and port.
    """
    close_old_connections()
    try:
        tenant = _clinic_of(host)
        if origin and origin != tenant.url:
            raise NotAdmittedError(FORBIDDEN)
        with tenant_scope(tenant):
            user = _person_of(session_key)
        if user is None:
            raise NotAdmittedError(STRANGER)
        if user.role in FACTOR_IS_MANDATORY and not user.is_verified():
            raise NotAdmittedError(FORBIDDEN)
        topics = heard_by(user)
        if not topics:
            raise NotAdmittedError(FORBIDDEN)
        return Listener(tenant.pk, str(user.pk), topics)
    finally:
        close_old_connections()


def _clinic_of(host: str) -> Tenant:
    label = subdomain_of(host)
    if not label or label == settings.OPERATORS_SUBDOMAIN:
        raise NotAdmittedError(NOT_FOUND)
    with public_scope():
        tenant = Tenant.objects.filter(subdomain=label, state__in=OPEN).first()
    if tenant is None:
        raise NotAdmittedError(NOT_FOUND)
    return cast("Tenant", tenant)


def _person_of(session_key: str) -> User | None:
    """Answer the person of the session. To listen is not to be there: it keeps no session alive."""
    request = HttpRequest()
    store = SessionStore(session_key)
    store.in_background = True
    request.session = store
    user = person_behind(request)
    return user if user.is_authenticated else None
