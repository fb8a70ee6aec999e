"""The verbs about saved reports and reports as files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.practice.rules import require
from clinical.reports.models import ReportFile, SavedReport
from clinical.reports.tasks import write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.reports.period import Period

MOST_SAVED, MOST_WORKING, LONGEST_NAME = 30, 3, 80


class ReportError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


@transaction.atomic
def save_report(*, actor: User, name: str, asked: Mapping[str, str], at: datetime) -> SavedReport:
    """Keep what was asked for under a name; the same name again replaces it."""
    require(actor, Action.VIEW, Resource.REPORTS)
    name = name.strip()[:LONGEST_NAME]
    if not name:
        raise ReportError("Give it a name.")
    mine = SavedReport.objects.filter(user=actor)
    if mine.exclude(name=name).count() >= MOST_SAVED:
        raise ReportError(f"You have {MOST_SAVED} saved reports. Delete one first.")
    saved, _made = SavedReport.objects.update_or_create(
        user=actor, name=name, defaults={"asked": dict(asked), "created_at": at}
    )
    return saved


def delete_saved(saved: SavedReport, *, actor: User) -> None:
    SavedReport.objects.filter(pk=saved.pk, user=actor).delete()


@transaction.atomic
def ask_for_file(*, actor: User, period: Period, form: str, at: datetime) -> ReportFile:
    """Have a worker write the report; its person is told when it is ready."""
    require(actor, Action.EXPORT, Resource.REPORTS)
    if ReportFile.objects.filter(user=actor, state__in=ReportFile.WORKING).count() >= MOST_WORKING:
        raise ReportError(
            f"{MOST_WORKING} of your reports are being written. Wait for one of them."
        )
    asked = ReportFile.objects.create(
        user=actor,
        format=form,
        first=period.first,
        last=period.last,
        location_id=period.location.pk if period.location else None,
        practitioner_id=period.practitioner.pk if period.practitioner else None,
        words=period.words,
        created_at=at,
    )
    record_export(period, asked.pk)
    transaction.on_commit(partial(write.delay, str(asked.pk)))
    return asked


def record_export(period: Period, pk: UUID | None = None) -> None:
    """Put on record that the actor of the scope takes a report along."""
    record(
        "report.export",
        object_type="report",
        object_id=str(pk or ""),
        payload={"period": period.words},
    )
