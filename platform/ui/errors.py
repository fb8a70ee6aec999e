"""Error answers in the product's look, without database, session or context processor."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.template import loader
from django.utils.html import escape

from ui.context import chosen_theme

if TYPE_CHECKING:
    from django.http import HttpRequest

log = logging.getLogger(__name__)

MACHINE_PATHS = ("/api/", "/fhir/")


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do."""

    title: str
    text: str
    advice: str
    icon: str


EXPLANATIONS = {
    400: Explanation(
        "That request could not be read",
        "The address or the form that was sent is not one this page understands.",
        "Go back, reload the page and try again. If you typed the address, check it.",
        "alert-triangle",
    ),
    403: Explanation(
        "This is not open to you",
        "You are signed in, but your role does not include this page or action.",
        "If you need it for your work, ask an owner or admin of your clinic to change your role.",
        "lock",
    ),
    404: Explanation(
        "There is nothing at this address",
        "It may have been moved or deleted, or it belongs to someone else.",
        "Check the address, or look for it from the start page.",
        "map-question",
    ),
    413: Explanation(
        "That file is too large for this form",
        "Nothing of it was kept.",
        "Send a smaller file. Whole FileMaker files go in under Settings, Data, Import, "
        "which takes up to 4 GB.",
        "file-alert",
    ),
    429: Explanation(
        "Too many attempts in a short time",
        "To protect the accounts here, this action is paused for a while.",
        "Wait a moment, then try again. Trying sooner only makes the pause longer.",
        "hourglass",
    ),
    500: Explanation(
        "Something went wrong on our side",
        "What you were doing was not saved; nothing else was changed. The fault has been recorded.",
        "Go back and try once more. If it happens again, tell us the reference below.",
        "plug-connected-x",
    ),
    503: Explanation(
        "Nexus is not available just now",
        "We are working on it, or a part it depends on is not answering. Your records are safe.",
        "This page tries again by itself. Nothing needs to be entered twice.",
        "tool",
    ),
}
CSRF = Explanation(
    "This form has expired",
    "For your safety a form works only in the browser and the session it was opened in. "
    "You may have signed in or out in another tab, or cookies are switched off.",
    "Go back, reload the page and send the form again. What you typed may still be there.",
    "refresh-alert",
)


def error_response(
    request: HttpRequest | None,
    status: int,
    *,
    explanation: Explanation | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    """Answer with an error page, or with a problem document (RFC 9457) where machines ask.

    `retry_after` is in seconds.
    """
    said = explanation or EXPLANATIONS[status]
    path = getattr(request, "path", "")
    if path.startswith(MACHINE_PATHS):
        response: HttpResponse = JsonResponse(
            {"type": "about:blank", "title": said.title, "status": status, "detail": said.text},
            status=status,
            content_type="application/problem+json",
        )
    else:
        response = HttpResponse(page(request, status, said, retry_after), status=status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def page(
    request: HttpRequest | None,
    status: int,
    said: Explanation | None = None,
    retry_after: int | None = None,
) -> str:
    """Draw the error page; where even that fails, the bare words."""
    said = said or EXPLANATIONS[status]
    context = {
        "status": status,
        "said": said,
        "retry_after": retry_after,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "reference": getattr(request, "request_id", ""),
        "theme": chosen_theme(request),
    }
    try:
        return loader.render_to_string("ui/error.html", context)
    except Exception:
        # An error page that fails must not hide the error behind it.
        log.exception("The error page could not be drawn")
        return (
            f'<!doctype html><html lang="en-AU"><title>{escape(said.title)}</title>'
            f"<h1>{escape(said.title)}</h1><p>{escape(said.text)} {escape(said.advice)}</p></html>"
        )


def too_many_requests(request: HttpRequest, *, retry_after: int) -> HttpResponse:
    """Answer 429; `retry_after` in seconds."""
    return error_response(request, 429, retry_after=retry_after)


def payload_too_large(request: HttpRequest) -> HttpResponse:
    """Answer 413."""
    return error_response(request, 413)


def unavailable(request: HttpRequest, *, retry_after: int = 30) -> HttpResponse:
    """Answer 503; `retry_after` in seconds."""
    return error_response(request, 503, retry_after=retry_after)
