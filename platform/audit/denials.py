"""Refusals, written down after the request's own transaction has ended, for that is rolled back.

Nobody has to remember: whatever answers 403, whatever PermissionDenied a view raises, a forged form,
and a page that a signed-in person asked for by an id and did not get, are events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.http import Http404

from audit import services
from tenants.scope import current_scope, entered

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from tenants.scope import Scope

DENIED, NOT_FOUND = "permission.denied", "record.not_found"
FORBIDDEN = 403
LONGEST_ID = 200


@dataclass(frozen=True)
class Denial:
    """One refusal: in which scope, of what. The address is left out: it may name a person."""

    scope: Scope
    action: str
    route: str
    object_id: str
    reason: str
    method: str


def record_denial(request: HttpRequest, *, reason: str = "") -> None:
    """Record a refusal in the running transaction, which must be one that commits."""
    mark_recorded(request)
    _write(_denial(request, DENIED, reason))


def mark_recorded(request: HttpRequest) -> None:
    """Say that this request's refusal has its event already."""
    request.denial_is_recorded = True  # type: ignore[attr-defined]


def notice_denial(
    request: HttpRequest, response: HttpResponseBase, error: Exception | None
) -> Denial | None:
    """Answer the refusal that a response amounts to; called inside the request's scope."""
    if getattr(request, "denial_is_recorded", False):
        return None
    if response.status_code == FORBIDDEN and "HX-Redirect" not in response.headers:
        return _denial(request, DENIED, _reason(request, error))
    if isinstance(error, Http404) and _names_a_record(request) and _is_signed_in(request):
        return _denial(request, NOT_FOUND, "not there, or not theirs to see")
    return None


def write_denial(denial: Denial) -> None:
    """Record a refusal in a transaction of its own."""
    with entered(denial.scope):
        _write(denial)


def _write(denial: Denial) -> None:
    services.record(
        denial.action,
        object_type=denial.route or "page",
        object_id=denial.object_id,
        result="denied",
        payload={
            "reason": denial.reason,
            "method": denial.method,
            "address": denial.scope.actor.address,
        },
    )


def _denial(request: HttpRequest, action: str, reason: str) -> Denial:
    _is_signed_in(request)
    match = request.resolver_match
    arguments = " ".join(str(value) for value in match.kwargs.values()) if match else ""
    return Denial(
        scope=replace(current_scope()),
        action=action,
        route=match.view_name if match else "",
        object_id=arguments[:LONGEST_ID],
        reason=reason,
        method=request.method or "",
    )


def _reason(request: HttpRequest, error: Exception | None) -> str:
    if error is not None:
        return type(error).__name__
    if request.method not in {"GET", "HEAD", "OPTIONS", "TRACE"} and not getattr(
        request, "csrf_processing_done", False
    ):
        return "forged or outdated form"
    return "refused"


def _names_a_record(request: HttpRequest) -> bool:
    return bool(request.resolver_match and request.resolver_match.kwargs)


def _is_signed_in(request: HttpRequest) -> bool:
    """Ask who it is: that also names them to the scope, where nothing has asked before."""
    user = getattr(request, "user", None)
    return bool(user is not None and user.is_authenticated)
