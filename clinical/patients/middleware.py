"""An address of a merged record leads to the record that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect

from clinical.patients.selectors import PatientMergedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class MergedPatientMiddleware:
    """Redirects pages of a merged patient; what was to be written there is not found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseRedirect | None:
        if not isinstance(exception, PatientMergedError) or request.method not in {"GET", "HEAD"}:
            return None
        address = request.get_full_path().replace(str(exception.merged), str(exception.goes_on))
        return HttpResponseRedirect(address)
