"""How long an uploaded file and its staged copy stay: long enough to finish, no longer.

What was loaded keeps its text with its link (`ImportLink.raw`), so nothing is lost with them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.upload import discard_upload

if TYPE_CHECKING:
    from datetime import datetime

UNFINISHED = timedelta(days=7)
FINISHED = timedelta(days=30)


def discard_old_uploads(*, now: datetime) -> int:
    """Delete what has stayed long enough in the clinic in scope; answers how many files went.

    A file somebody has run from since counts from that run; one at work is left alone.
    """
    state = ImportSource.State
    recent = ImportRun.objects.filter(
        Q(created_at__gte=now - FINISHED) | Q(state__in=ImportRun.WORKING)
    )
    old = ImportSource.objects.exclude(state=state.DISCARDED).filter(
        Q(state__in=[state.RECEIVING, state.REFUSED], created_at__lt=now - UNFINISHED)
        | Q(created_at__lt=now - FINISHED)
    )
    gone = 0
    for source in old.exclude(runs__in=recent):
        discard_upload(source)
        gone += 1
    return gone
