from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from announcements.banner import DISMISSED

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponse

MOST = 20


@require_POST
def dismiss(request: HttpRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Put an announcement away for the rest of this session."""
    kept = [*request.session.get(DISMISSED, []), str(announcement_id)]
    request.session[DISMISSED] = list(dict.fromkeys(kept))[-MOST:]
    back = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if is_ours else "/")
