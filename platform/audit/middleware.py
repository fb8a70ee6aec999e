"""Two halves around the request's scope: one notices refusals inside it, one records them after it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from audit.denials import notice_denial, write_denial

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)


class DenialRecorder:
    """Stands outside the scope: the refused request's own transaction may have been rolled back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        denial = getattr(request, "denial", None)
        if denial is not None:
            try:
                write_denial(denial)
            except Exception:
                # The person is refused either way; that it could not be recorded must be seen.
                log.exception("a refusal could not be recorded")
        return response


class DenialObserver:
    """Stands inside the scope, where it is known who asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        error = getattr(request, "denial_error", None)
        request.denial = notice_denial(request, response, error)  # type: ignore[attr-defined]
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        request.denial_error = exception  # type: ignore[attr-defined]
