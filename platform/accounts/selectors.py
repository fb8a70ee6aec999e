"""Questions about people and their sessions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Case, Exists, IntegerField, OuterRef, Value, When
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Session, User
from accounts.rules import may_manage
from accounts.sessions import digest_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_BROWSERS = (
    ("Edge", r"Edg/"),
    ("Opera", r"OPR/"),
    ("Firefox", r"Firefox/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux|X11"),
)


@dataclass(frozen=True)
class StaffRow:
    """A person as the staff page shows them to `actor`."""

    user: User
    has_factor: bool
    is_self: bool
    manageable: bool


@dataclass(frozen=True)
class SessionRow:
    """A session as its own person sees it."""

    id: UUID
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


def staff(*, actor: User) -> list[StaffRow]:
    """Answer everybody of the scope: who works here first, those sent away last."""
    rank = Case(
        When(is_active=False, then=Value(2)),
        When(invited_at__isnull=False, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    factor = Exists(TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True))
    people = User.objects.annotate(rank=rank, has_factor=factor).order_by("rank", "name", "pk")
    return [
        StaffRow(
            user=user,
            has_factor=user.has_factor,
            is_self=user.pk == actor.pk,
            manageable=may_manage(actor, user),
        )
        for user in people
    ]


def has_factor(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def backup_codes_left(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def sessions_of(user: User, *, current_key: str | None) -> list[SessionRow]:
    """Answer a person's living sessions, the latest used first."""
    now = timezone.now()
    living = Session.objects.filter(
        user=user,
        expires_at__gt=now,
        last_seen_at__gt=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
    )
    current = digest_of(current_key) if current_key else ""
    return [
        SessionRow(
            id=session.pk,
            device=describe_browser(session.user_agent),
            address=session.address or "",
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            is_current=session.key_digest == current,
        )
        for session in living.order_by("-last_seen_at")
    ]


def describe_browser(user_agent: str) -> str:
    """Name browser and system as a person would: “Firefox on Windows”."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    return " on ".join(part for part in (browser, system) if part) or "Unknown device"


def _first(patterns: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for name, pattern in patterns if re.search(pattern, user_agent)), "")
