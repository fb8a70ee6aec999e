"""The line above every page: to a visitor what they are here for, to owners that somebody is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from accounts.permissions import Action, Resource, allows
from support import selectors
from ui.banners import Banner

if TYPE_CHECKING:
    from django.http import HttpRequest

    from support.models import Visit

_WAYS = {
    "reads": "You can look and change nothing.",
    "changes": "You can look and change.",
    "sends": "You can look, change and send to patients.",
}


def support_banner(request: HttpRequest) -> Banner | None:
    """Answer the banner; for owners one small question a page."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or getattr(request, "tenant", None) is None:
        return None
    if user.visit is not None:
        return visitors_bar(user.visit, clinic=request.tenant.name)  # type: ignore[attr-defined]
    if not allows(user, Action.CHANGE, Resource.SUPPORT):
        return None
    visit = selectors.latest_running_visit(at=timezone.now())
    if visit is None:
        return None
    until = timezone.localtime(visit.access.ends_at)
    return Banner(
        f"{visit.operator_name} of Nexus support is in your clinic",
        f"until {until:%H:%M} at the latest. Settings, Support access shows what they open.",
        icon="lifebuoy",
        tone="warning",
    )


def visitors_bar(visit: Visit, *, clinic: str) -> Banner:
    """Say who is here, by whose leave, what for and how long."""
    access = visit.access
    left = (
        max(0, int((access.ends_at - timezone.now()).total_seconds() // 60))
        if access.ends_at
        else 0
    )
    by = f"by leave of {access.decided_by}" if access.decided_by else "in an emergency"
    return Banner(
        f"Support access to {clinic}: {visit.operator_name}, {by}.",
        f"“{access.reason}” {_WAYS[access.mode]} {left} min left. Everything you open is on record.",
        url=reverse("support:bar"),
        icon="lifebuoy",
        tone="warning",
        action_url=reverse("support:leave"),
        action="Leave",
    )
