"""What people are told at the door of a clinic that is not open, or not wholly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from tenants.models import Tenant
from tenants.serving import RETRY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

State = Tenant.State
OPEN = frozenset({State.ACTIVE, State.READ_ONLY})
"""States in which people come in."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MACHINE_PATHS = ("/api/", "/fhir/")
MOVING_SECONDS = 15
REFUSED = 409

_stays_open: set[str] = {
    "two_factor:login",
    "accounts:logout",
    "accounts:end_session",
    "accounts:end_other_sessions",
    "takeout:list",
    "takeout:link",
    "takeout:delete",
}


def stays_open(*names: str) -> None:
    """Let these addresses, by the names of their routes, take what is sent in a read-only clinic.

    For what changes no record: signing in and out, the owner's export.
    """
    _stays_open.update(names)


@dataclass(frozen=True)
class Notice:
    """What a page at the door says."""

    title: str
    text: str
    advice: str
    icon: str = "lock"


_OWNER = (
    "If you own this clinic, look in your e-mail, or write to us: we say how it is opened again. "
    "If you work here, please ask the owner. Patients should call the practice by phone."
)
NOTICES = {
    State.SUSPENDED: Notice(
        "{clinic} is paused", "Nobody can sign in for now. All records are kept, unchanged.", _OWNER
    ),
    State.ARCHIVED: Notice(
        "{clinic} is archived",
        "It is no longer in use here. All records are kept, unchanged.",
        _OWNER,
    ),
    State.DELETING: Notice(
        "{clinic} is closed",
        "It is to be deleted with all its records. Until then nothing is lost.",
        "If you own this clinic and this must not happen, write to us at once: until that day it can "
        "be brought back as it was.",
    ),
    State.MOVING: Notice(
        "{clinic} is being moved",
        "It is back within a minute or two. All records are kept, unchanged.",
        "This page tries again by itself. What you had just sent may not have been saved.",
        "truck",
    ),
}
MOVED = Notice(
    "{clinic} has a new address",
    "What you just sent came to the old address and was not saved.",
    "Sign in at {url} and send it again there.",
    "map-pin",
)
UPDATING = Notice(
    "{clinic} is being updated",
    "It is back in a moment. All records are kept; what you had just sent was not saved.",
    "This page tries again by itself. Other clinics work meanwhile.",
    "refresh",
)
READ_ONLY = Notice(
    "{clinic} is read-only for now",
    "Nothing can be entered or changed. What you just sent was not saved.",
    "You can go on reading, and the owner can still export everything.",
)


def closed_response(request: HttpRequest, clinic: Tenant) -> HttpResponse:
    """Answer whoever comes to a closed clinic: why, and what can be done."""
    if clinic.state in OPEN:  # its tables are not yet those that this version needs
        return _page(request, UPDATING, clinic, 503, retry_after=RETRY_SECONDS)
    notice = NOTICES[State(clinic.state)]
    if clinic.state == State.MOVING:
        return _page(request, notice, clinic, 503, retry_after=MOVING_SECONDS)
    if _is_machine(request):
        return _problem(notice, clinic, 503)
    context = {
        "clinic": clinic,
        "notice": notice,
        "title": notice.title.format(clinic=clinic.name),
    }
    return render(request, "ui/suspended.html", context, status=503)


def moved_response(request: HttpRequest, clinic: Tenant) -> HttpResponse:
    """Lead from a clinic's old address to its new one.

    Cookies belong to one host: people sign in again there. What is sent to the old address is not sent
    on, for the new one would refuse it as forged.
    """
    if request.method in {"GET", "HEAD"}:
        location = f"{clinic.url}{request.get_full_path()}"
        return HttpResponse(status=308, headers={"Location": location})
    return _page(request, MOVED, clinic, 410)


def refused_in_read_only(request: HttpRequest, clinic: Tenant) -> HttpResponse | None:
    """Answer what is sent to a read-only clinic; None for what may go on."""
    if request.method in SAFE or _route_of(request) in _stays_open:
        return None
    return _page(request, READ_ONLY, clinic, 409)


def _route_of(request: HttpRequest) -> str:
    try:
        found = resolve(request.path_info, request.urlconf)
    except Resolver404:
        return ""
    return str(found.view_name)


def _is_machine(request: HttpRequest) -> bool:
    """Say whether a program reads the answer; the page's own script shows `detail` as a message."""
    return (
        request.path.startswith(MACHINE_PATHS)
        or "HX-Request" in request.headers
        or "application/json" in request.headers.get("Accept", "")
    )


def _page(
    request: HttpRequest,
    notice: Notice,
    clinic: Tenant,
    status: int,
    *,
    retry_after: int | None = None,
) -> HttpResponse:
    if _is_machine(request):
        response: HttpResponse = _problem(notice, clinic, status)
    else:
        reason = clinic.state_reason if status == REFUSED else ""
        said = {
            "title": notice.title.format(clinic=clinic.name),
            "text": " ".join(filter(None, [notice.text, reason])),
            "advice": notice.advice.format(url=clinic.url),
            "icon": notice.icon,
        }
        context = {"said": said, "status": status, "retry_after": retry_after}
        response = render(request, "ui/error.html", context, status=status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _problem(notice: Notice, clinic: Tenant, status: int) -> JsonResponse:
    """Answer a problem document (RFC 9457)."""
    title = notice.title.format(clinic=clinic.name)
    words = [f"{title}.", notice.text, clinic.state_reason, notice.advice.format(url=clinic.url)]
    return JsonResponse(
        {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": " ".join(filter(None, words)),
        },
        status=status,
        content_type="application/problem+json",
    )


class ReadOnlyMiddleware:
    """Refuses, in words, whatever is sent to a clinic that is read-only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        clinic = getattr(request, "tenant", None)
        if clinic is not None and clinic.state == State.READ_ONLY:
            refused = refused_in_read_only(request, clinic)
            if refused is not None:
                return refused
        return self.get_response(request)
