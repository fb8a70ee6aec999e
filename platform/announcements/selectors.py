"""Which announcements are to be seen, by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import Q

from announcements.models import Announcement
from tenants.scope import shared_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

KEPT_SECONDS = 20
_KEY = "announcements.now"
_OF_CLINIC = """
SELECT id::text, kind, title, text, window_begins, window_ends, is_dismissible
FROM public.announcements_announcement
WHERE withdrawn_at IS NULL AND shown_from <= %s AND shown_until > %s
ORDER BY kind = 'trouble' DESC, kind = 'maintenance' DESC, shown_from DESC LIMIT 10
"""


def public_announcements(*, now: datetime) -> Sequence[Announcement]:
    """Answer what the public status page says: what holds now and maintenance to come, soonest first.

    Asked in `public_scope()` or `platform_scope()`.
    """
    shown = Q(shown_from__lte=now) | Q(kind=Announcement.Kind.MAINTENANCE)
    return list(
        Announcement.objects.filter(
            shown, is_public=True, withdrawn_at=None, shown_until__gt=now
        ).order_by("shown_from")
    )


def shown_in_running_clinic(*, now: datetime) -> list[dict[str, Any]]:
    """Answer what the running clinic is told now; asked of the database once in some seconds."""
    kept: list[dict[str, Any]] | None = cache.get(_KEY)
    if kept is not None:
        return kept
    with shared_rows() as cursor:
        cursor.execute(_OF_CLINIC, [now, now])
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for one in found:
        for name in ("window_begins", "window_ends"):
            one[name] = one[name].isoformat() if one[name] else ""
    cache.set(_KEY, found, KEPT_SECONDS)
    return found
