"""What has arrived of uploads, and what becomes of those that nobody goes on with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.documents.models import Upload
from tenants.storage import work_dir

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

KEPT = timedelta(days=1)
"""How long an upload that was left lying can be gone on with."""


def path_of(upload: Upload) -> Path:
    """Where the parts lie; needs the clinic's scope. Never named after what the person called it."""
    return work_dir("uploads") / f"{upload.pk.hex}.part"


def discard_upload(upload: Upload) -> None:
    """Delete what has arrived of a file that is not to come."""
    path_of(upload).unlink(missing_ok=True)
    upload.delete()


def discard_old_uploads(*, now: datetime) -> int:
    """Delete what was left lying; answers how many."""
    old = list(Upload.objects.filter(created_at__lt=now - KEPT))
    for upload in old:
        discard_upload(upload)
    return len(old)
