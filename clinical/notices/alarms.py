"""What the bell says of a connection that does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.notices.models import Notice
from clinical.notices.services import Told, notify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User
    from connections.alarms import Alarm
    from support.telling import News


def tell_of_alarm(people: Sequence[User], alarm: Alarm | News) -> None:
    """Put the alarm, or the news of support's access, under the bell of those whom it concerns."""
    told = Told(key=alarm.key, text=alarm.title, url=alarm.url, kind=Notice.Kind.OTHER)
    notify(people, told, at=timezone.now())
