"""A visitor's request: refused where they were not let in for it, and on both records what it looked at."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, transaction

from accounts.visitors import VISIT
from audit.denials import record_denial
from audit.services import record
from support.rules import refusal_of
from tenants.scope import Actor, current_scope, public_scope
from ui import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)

OPENED = "support.opened"
UNRECORDED = ("support:", "notices:", "pwa:")
"""The frame around the pages: the bell, the visitor's own bar."""
READ_ONLY = "25006"


@dataclass(frozen=True)
class Opened:
    """What a visitor asked for: the route and ids, never the address, which may name a person."""

    actor: Actor
    tenant_id: int
    route: str
    object_id: str
    method: str
    access: str

    def facts(self) -> dict[str, str]:
        return {"method": self.method, "access": self.access}


class VisitMiddleware:
    """Stands inside the clinic's scope, where it is known who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        visit = _visit_of(request)
        match = request.resolver_match
        if visit is None or match is None:
            return None
        refusal = refusal_of(
            mode=visit.access.mode, method=request.method or "", route=match.view_name, view=view
        )
        if refusal:
            record_denial(request, reason=f"support: {refusal}")
            return errors.error_response(request, 403)
        if not match.view_name.startswith(UNRECORDED):
            opened = _opened(request, visit)
            record(
                OPENED,
                object_type=opened.route or "page",
                object_id=opened.object_id,
                payload=opened.facts(),
            )
            request.opened_by_visitor = opened  # type: ignore[attr-defined]
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer what the database refused as what it is: not let in for that."""
        state = getattr(exception.__cause__, "sqlstate", "")
        if not isinstance(exception, DatabaseError) or state != READ_ONLY:
            return None
        request.scope_failed = True  # type: ignore[attr-defined]
        transaction.set_rollback(True, using=current_scope().alias)
        return errors.error_response(request, 403)


class PlatformsRecord:
    """Stands outside the scope: what a visitor opened goes on the platform's own record as well.

    Without that nothing is shown.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        opened: Opened | None = getattr(request, "opened_by_visitor", None)
        if opened is None:
            return response
        try:
            with public_scope(actor=opened.actor):
                record(
                    OPENED,
                    object_type="tenants_tenant",
                    object_id=str(opened.tenant_id),
                    payload={
                        **opened.facts(),
                        "page": opened.route,
                        "ids": opened.object_id,
                        "status": response.status_code,
                    },
                )
        except Exception:
            log.exception("what a visitor opened could not be recorded")
            return errors.unavailable(request)
        return response


def _visit_of(request: HttpRequest) -> Any:
    """Answer the visit of the request; asked of a session only where there may be one."""
    if getattr(request, "tenant", None) is None:
        return None
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or VISIT not in request.session:
        return None
    return request.user.visit if request.user.is_authenticated else None


def _opened(request: HttpRequest, visit: Any) -> Opened:
    match = request.resolver_match
    kwargs = match.kwargs if match is not None else {}
    shown = [str(value) for name, value in kwargs.items() if name != "token"]
    return Opened(
        actor=replace(current_scope().actor, hand="", reach=""),
        tenant_id=current_scope().tenant_id,
        route=match.view_name if match is not None else "",
        object_id=" ".join(shown)[:200],
        method=request.method or "",
        access=str(visit.access_id),
    )
