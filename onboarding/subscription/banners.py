"""The line above an owner's pages while a trial runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import User
from onboarding.subscription.selectors import standing
from tenants.models import Tenant
from ui.banners import Banner

if TYPE_CHECKING:
    from django.http import HttpRequest

TOLD = frozenset({User.Role.OWNER, User.Role.ADMIN})


def end_of_trial(request: HttpRequest) -> Banner | None:
    """Answer the banner for those who can do something about it; costs no query."""
    clinic = getattr(request, "tenant", None)
    if clinic is None or getattr(request.user, "role", "") not in TOLD:
        return None
    if clinic.state != Tenant.State.ACTIVE:
        return None
    now = standing(clinic, now=timezone.now())
    if not now.is_near or now.closes_at is None:
        return None
    if now.is_over:
        day = f"{timezone.localdate(now.closes_at):%-d %B}"
        text = f"Everything works until {day}; then it can be read and exported until a plan is chosen."
        return Banner(
            "The trial is over.", f"{text} Settings → Plan.", icon="clock", tone="warning"
        )
    days = f"{now.days_left} day{'s' if now.days_left != 1 else ''}"
    text = "Choose a plan under Settings → Plan when you are ready; nothing is lost either way."
    return Banner(f"{days} left of the trial.", text, icon="clock")
