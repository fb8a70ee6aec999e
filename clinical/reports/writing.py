"""Writing a report to a file, telling its person, and deleting it after its time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from clinical.notices.services import Told, notify
from clinical.practice.models import Location, Practitioner
from clinical.reports import composing, files
from clinical.reports.models import ReportFile
from clinical.reports.period import Period
from tenants.ids import uuid7
from tenants.storage import clinic_storage, work_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from tenants.models import Tenant

    Scoped = Callable[[], AbstractContextManager[object]]

KEPT = timedelta(days=7)
STALE = timedelta(minutes=15)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {ReportFile.Format.XLSX: XLSX, ReportFile.Format.PDF: "application/pdf"}


def write_file(tenant: Tenant, pk: UUID, *, scope: Scoped) -> None:
    """Write a report's file, a section a transaction; delivered twice, the second does nothing.

    What goes wrong stands in the row, where its person sees it, and is raised again.
    """
    with scope():
        now = timezone.now()
        taken = ReportFile.objects.filter(pk=pk, state=ReportFile.State.QUEUED).update(
            state=ReportFile.State.WRITING, heartbeat_at=now
        )
        if not taken:
            return
        asked = ReportFile.objects.select_related("user").get(pk=pk)
        period = _period_of(asked)
        parts = composing.parts(asked.user, period, today=timezone.localdate(now), now=now)
    try:
        sections = []
        for number, part in enumerate(parts):
            with scope():
                _step(pk, number, len(parts) + 1)
                sections.append(part())
        with scope():
            _step(pk, len(parts), len(parts) + 1)
        content = (
            files.workbook(period, sections)
            if asked.format == ReportFile.Format.XLSX
            else files.pdf(tenant.name, period, sections)
        )
        with scope():
            _keep(asked, content)
    except Exception:
        with scope():
            _fail(asked, "It could not be written. Ask for it again; if that fails too, tell us.")
        raise


def _step(pk: UUID, done: int, total: int) -> None:
    ReportFile.objects.filter(pk=pk).update(done=done, total=total, heartbeat_at=timezone.now())


def _keep(asked: ReportFile, content: bytes) -> None:
    now = timezone.now()
    key = f"reports/{uuid7().hex}.{asked.format}"
    with NamedTemporaryFile(dir=work_dir("receiving"), delete=False) as file:
        file.write(content)
        path = Path(file.name)
    media_type = MEDIA_TYPES[ReportFile.Format(asked.format)]
    clinic_storage().adopt(path, key, media_type=media_type)
    path.unlink(missing_ok=True)
    ReportFile.objects.filter(pk=asked.pk).update(
        state=ReportFile.State.READY,
        done=1,
        total=1,
        storage_key=key,
        size=len(content),
        finished_at=now,
        expires_at=now + KEPT,
    )
    _tell(asked, f"Your report is ready: {asked.words}", at=now)


def _fail(asked: ReportFile, problem: str) -> None:
    now = timezone.now()
    ReportFile.objects.filter(pk=asked.pk).update(
        state=ReportFile.State.FAILED, problem=problem, finished_at=now
    )
    _tell(asked, f"Your report could not be written: {asked.words}", at=now)


def _tell(asked: ReportFile, text: str, *, at: datetime) -> None:
    url = reverse("reports:files", urlconf=settings.CLINIC_URLCONF)
    notify([asked.user], Told(key=f"report:{asked.pk}", text=text, url=url, kind="file"), at=at)


def tidy(*, now: datetime) -> int:
    """Delete files after their time, and give up on those whose worker has gone."""
    for stale in ReportFile.objects.filter(
        state__in=ReportFile.WORKING, created_at__lt=now - STALE
    ).exclude(heartbeat_at__gte=now - STALE):
        _fail(stale, "The worker that wrote it has stopped. Ask for it again.")
    old = list(ReportFile.objects.filter(state=ReportFile.State.READY, expires_at__lte=now))
    for one in old:
        clinic_storage().delete(one.storage_key)
        one.state, one.storage_key = ReportFile.State.DELETED, ""
        one.save(update_fields=["state", "storage_key"])
    return len(old)


def _period_of(asked: ReportFile) -> Period:
    return Period(
        asked.first,
        asked.last,
        Location.objects.filter(pk=asked.location_id).first() if asked.location_id else None,
        Practitioner.objects.filter(pk=asked.practitioner_id).first()
        if asked.practitioner_id
        else None,
    )
