"""The hours in which nothing goes out by itself, and in which staff are asked whether it can wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from clinical.messages.models import TextSettings
from clinical.practice.clock import LocalTimeError, moment_at

if TYPE_CHECKING:
    from datetime import time, tzinfo


def current_text_settings() -> TextSettings:
    """Answer how the clinic texts; as it comes where nobody has set anything."""
    return TextSettings.objects.first() or TextSettings()


def is_quiet(how: TextSettings, clock: time) -> bool:
    """Answer whether a time of day is in the quiet hours, which mostly go over midnight."""
    if how.quiet_from == how.quiet_until:
        return False
    if how.quiet_from < how.quiet_until:
        return how.quiet_from <= clock < how.quiet_until
    return clock >= how.quiet_from or clock < how.quiet_until


def quiet_until(how: TextSettings, at: datetime, zone: tzinfo) -> datetime | None:
    """Answer when the quiet hours end in which a moment lies; None where it lies in none."""
    local = at.astimezone(zone)
    if not is_quiet(how, local.time()):
        return None
    is_past = local.time() >= how.quiet_until
    day = local.date() + timedelta(days=int(is_past))
    try:
        return moment_at(day, how.quiet_until, zone)
    except LocalTimeError:
        later = (datetime.combine(day, how.quiet_until) + timedelta(hours=1)).time()
        return moment_at(day, later, zone)
