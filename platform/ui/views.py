"""Django's error handlers, the landing page and the style guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ui import errors

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    if isinstance(exception, RequestDataTooBig):
        return errors.payload_too_large(request)
    return errors.error_response(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """handler403."""
    return errors.error_response(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """handler404."""
    return errors.error_response(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500."""
    return errors.error_response(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """CSRF_FAILURE_VIEW."""
    return errors.error_response(request, 403, explanation=errors.CSRF)


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The platform's front page."""
    return render(request, "ui/landing.html")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for those who build screens; hidden unless asked for."""
    from ui.styleguide import example

    if not (settings.DEBUG or getattr(settings, "NEXUS_STYLEGUIDE", False)):
        raise Http404
    return render(request, "ui/styleguide.html", example())
