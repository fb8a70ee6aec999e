from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from announcements.banner import DISMISSED
from announcements.selectors import shown_in_running_clinic

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponse

MOST = 20


@require_POST
def dismiss(request: HttpRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Put an announcement away for the rest of this session."""
    shown = shown_in_running_clinic(now=timezone.now())
    if str(announcement_id) not in {one["id"] for one in shown}:
        raise Http404("There is no such announcement now.")
    kept = [*request.session.get(DISMISSED, []), str(announcement_id)]
    request.session[DISMISSED] = list(dict.fromkeys(kept))[-MOST:]
    back = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if is_ours else "/")
