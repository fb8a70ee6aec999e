"""How long uploaded files and their staged copies stay: long enough to finish, no longer.

What was loaded keeps its text with its link (`ImportLink.raw`), so nothing is lost with them.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from audit.services import record as record_event
from onboarding.imports.models import ImportRun, ImportSource, Retention, SourceFile
from onboarding.imports.upload import discard_upload
from onboarding.imports.upload_parts import sweep_plain_files
from tenants.storage import work_dir

if TYPE_CHECKING:
    from datetime import datetime

UNFINISHED = timedelta(days=7)
DEFAULT_DAYS = 30
MOST_DAYS = 365
LEFT_OVER = timedelta(days=1)
"""After this long, what no row speaks of was left by a crash."""


class RetentionError(ValueError):
    """The days are not a number that can be; the message is for a person."""


def days_kept() -> int:
    """Answer how many days the clinic in scope has its uploads kept."""
    kept = Retention.objects.first()
    return kept.days if kept else DEFAULT_DAYS


@transaction.atomic
def keep_for(days: int) -> None:
    """Set how many days uploads are kept; raises RetentionError."""
    if not 1 <= days <= MOST_DAYS:
        raise RetentionError(f"Uploads can be kept for 1 to {MOST_DAYS} days.")
    before = days_kept()
    if not Retention.objects.select_for_update().update(days=days):
        Retention.objects.create(days=days)
    record_event(
        "import.retention", object_type="imports_retention", payload={"before": before, "now": days}
    )


def discard_old_uploads(*, now: datetime) -> int:
    """Delete what has stayed long enough in the clinic in scope; answers how many jobs went.

    A file somebody has run from since counts from that run; one at work is left alone.
    """
    state = ImportSource.State
    since = now - timedelta(days=days_kept())
    recent = ImportRun.objects.filter(
        Q(created_at__gte=since) | Q(loaded_at__gte=since) | Q(state__in=ImportRun.WORKING)
    )
    old = ImportSource.objects.exclude(state=state.DISCARDED).filter(
        Q(state__in=[state.RECEIVING, state.REFUSED], created_at__lt=now - UNFINISHED)
        | Q(created_at__lt=since)
    )
    gone = 0
    for source in old.exclude(runs__in=recent):
        discard_upload(source)
        gone += 1
    sweep_leftovers(now=now)
    return gone


def sweep_leftovers(*, now: datetime) -> int:
    """Delete files that no upload speaks of, and plain ones a crash has left; answers how many."""
    before = (now - LEFT_OVER).timestamp()
    gone = sweep_plain_files(older_than=before)
    wanted = {
        *ImportSource.objects.exclude(state=ImportSource.State.DISCARDED).values_list(
            "storage_key", flat=True
        ),
        *SourceFile.objects.exclude(source__state=ImportSource.State.DISCARDED).values_list(
            "storage_key", flat=True
        ),
    }
    for path in work_dir("imports").glob("*.part"):
        with suppress(OSError):
            if f"imports/{path.name}" not in wanted and path.stat().st_mtime < before:
                shutil.rmtree(path, ignore_errors=True)
                path.unlink(missing_ok=True)
                gone += 1
    return gone
