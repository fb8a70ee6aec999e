"""The line above a clinic's pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from announcements import selectors
from announcements.models import Announcement
from ui import wording
from ui.banners import Banner

if TYPE_CHECKING:
    from django.http import HttpRequest

DISMISSED = "announcements.dismissed"
_LOOKS = {
    Announcement.Kind.NEWS: ("speakerphone", "info"),
    Announcement.Kind.MAINTENANCE: ("tool", "warning"),
    Announcement.Kind.TROUBLE: ("alert-triangle", "danger"),
}


def announcement_banner(request: HttpRequest) -> Banner | None:
    """Answer what the operators have to say, unless this session has put it away."""
    dismissed = request.session.get(DISMISSED, [])
    for one in selectors.shown_in_running_clinic(now=timezone.now()):
        if one["id"] not in dismissed or not one["is_dismissible"]:
            return _banner(one)
    return None


def _banner(one: dict[str, Any]) -> Banner:
    icon, tone = _LOOKS[Announcement.Kind(one["kind"])]
    dismiss = reverse("announcements:dismiss", args=[one["id"]]) if one["is_dismissible"] else ""
    return Banner(
        title=one["title"],
        text=" ".join(filter(None, (_window(one), one["text"]))),
        icon=icon,
        tone=tone,
        action_url=dismiss,
        action="Dismiss" if dismiss else "",
    )


def _window(one: dict[str, Any]) -> str:
    """Write when the work is, on the clinic's own clocks."""
    if not one["window_begins"] or not one["window_ends"]:
        return ""
    begins, ends = (datetime.fromisoformat(one[name]) for name in ("window_begins", "window_ends"))
    is_one_day = timezone.localtime(begins).date() == timezone.localtime(ends).date()
    last = wording.moment(ends, "time" if is_one_day else "datetime")
    return f"{wording.moment(begins)} to {last}."
