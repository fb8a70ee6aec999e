"""What the pages ask about imports. All need the clinic's scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from onboarding.imports.maintenance import time_left
from onboarding.imports.models import ImportRun, ImportSource, RowResult, RunProgress
from onboarding.imports.phases import VALIDATION, ShownPhase, shown_phases
from onboarding.imports.progress import is_stale
from onboarding.imports.structure import Structure, label_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

    from onboarding.filemaker.sources import Field
    from onboarding.imports.models import SourceFile
    from onboarding.imports.structure import TableStructure

PAGE = 100
WAITING = "Waiting for a worker"
STEPS = ("Upload", "What is in it", "Mapping", "Dry run", "Load")
_STEP_OF: dict[str, int] = {
    ImportRun.State.UPLOADED: 1,
    ImportRun.State.READING: 1,
    ImportRun.State.PROFILED: 2,
    ImportRun.State.MAPPED: 4,
    ImportRun.State.CHECKING: 4,
    ImportRun.State.CHECKED: 5,
    ImportRun.State.LOADING: 5,
    ImportRun.State.FILING: 5,
}


def list_runs() -> QuerySet[ImportRun]:
    """Answer the runs, newest first, without their reports."""
    return ImportRun.objects.select_related("source", "mapping").defer(
        "dry_report", "undo_report", "source__structure", "source__profile", "mapping__spec"
    )


def get_run(run_id: uuid.UUID) -> ImportRun | None:
    return (
        ImportRun.objects.select_related("source", "mapping", "progress").filter(pk=run_id).first()
    )


def unfinished_uploads() -> QuerySet[ImportSource]:
    return ImportSource.objects.filter(state=ImportSource.State.RECEIVING)


@dataclass(frozen=True)
class Unfinished:
    """An upload to go on with, as the component wants it."""

    url: str
    name: str
    size: int
    offset: int


def unfinished_of(incoming: ImportSource | SourceFile) -> Unfinished:
    url = reverse("imports:upload_part", kwargs={"pk": incoming.pk})
    return Unfinished(url, incoming.file_name, incoming.size, incoming.received)


def step_of(run: ImportRun) -> int:
    """Answer the wizard's step, from 1; one past the last when it is loaded."""
    if run.state == ImportRun.State.FAILED:
        return _STEP_OF.get(run.failed_in, len(STEPS) + 1)
    return _STEP_OF.get(run.state, len(STEPS) + 1)


@dataclass(frozen=True)
class Pace:
    """How far a working run is, for the progress bar."""

    label: str
    detail: str
    done: int | None
    total: int
    is_stale: bool

    @property
    def stale_title(self) -> str:
        if self.label == WAITING:
            return "No worker has begun for a minute"
        return "Nothing was heard of the worker for a minute"


def pace_of(run: ImportRun) -> Pace:
    progress: RunProgress | None = getattr(run, "progress", None)
    stale = is_stale(progress, now=datetime.now(UTC))
    if progress is None or progress.attempt == 0:
        return Pace(WAITING, "", None, 0, stale)
    detail = f"{progress.done:,} of {progress.total:,} records" if progress.total else ""
    detail = ", ".join(filter(None, [detail, left_in_words(run)]))
    known = progress.done if progress.total else None
    return Pace(progress.phase or run.get_state_display(), detail, known, progress.total, stale)


def left_in_words(run: ImportRun) -> str:
    """Answer about how long the step will still take; "" while nothing can be said."""
    seconds = time_left(getattr(run, "progress", None), now=datetime.now(UTC))
    if seconds is None:
        return ""
    if seconds < 90:  # noqa: PLR2004 - from there on minutes say enough
        return f"about {seconds} s left"
    return f"about {round(seconds / 60)} min left"


def phases_of(run: ImportRun) -> list[ShownPhase]:
    """Answer the phases 0 to 8 of the load that is at work, or of the last one; [] for other steps."""
    if run.is_working:
        progress = getattr(run, "progress", None)
        loads = run.state in {ImportRun.State.CHECKING, ImportRun.State.LOADING}
        return shown_phases(progress.lines, at_work=True) if progress and loads else []
    lines: list[Mapping[str, Any]] = []
    for line in run.phases.all():
        if line.number == VALIDATION and lines and lines[-1]["number"] != VALIDATION:
            lines.clear()  # an earlier walk: a dry run, or a load that stopped
        if line.number is not None:
            lines.append(line.as_json())
    if not lines:
        return []
    stopped = run.state == ImportRun.State.FAILED
    return shown_phases(lines, at_work=False, stopped=stopped)


@dataclass(frozen=True)
class FieldContent:
    """A field with what was found in it."""

    field: Field
    profile: Mapping[str, Any]


@dataclass(frozen=True)
class TableContent:
    """A table with what was found in it; hidden fields stand apart, with the reason."""

    table: TableStructure
    profile: Mapping[str, Any]
    shown: Sequence[FieldContent]
    hidden: Sequence[FieldContent]

    @property
    def is_empty(self) -> bool:
        return bool(self.profile.get("hidden"))


def contents_of(source: ImportSource) -> list[TableContent]:
    """Answer every table of a staged file, those with records first."""
    structure = Structure.from_json(source.structure)
    profiles = {profile["id"]: profile for profile in source.profile.get("tables", ())}
    tables = []
    for table in structure.tables:
        profile = profiles.get(
            table.id, {"records": 0, "blank": 0, "fields": (), "hidden": "empty"}
        )
        found = {field["id"]: field for field in profile["fields"]}
        fields = [FieldContent(f, found[f.id]) for f in table.fields if f.id in found]
        tables.append(
            TableContent(
                table,
                profile,
                [content for content in fields if not content.profile["hidden"]],
                [content for content in fields if content.profile["hidden"]],
            )
        )
    return sorted(tables, key=lambda content: (content.is_empty, content.table.id))


@dataclass(frozen=True)
class ListedRow:
    """A record that was set aside or skipped, or of which something is to be said."""

    table: str
    result: RowResult
    issues: Sequence[tuple[str, str]]


def listed_rows(
    run: ImportRun, *, dry: bool, outcome: str, after: uuid.UUID | None = None
) -> list[ListedRow]:
    """Answer up to 100 records of one outcome, or with issues (`outcome="issues"`), in order."""
    rows = RowResult.objects.filter(run=run, dry=dry)
    rows = rows.exclude(issues=[]) if outcome == "issues" else rows.filter(outcome=outcome)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    structure = Structure.from_json(run.source.structure)
    listed = []
    for result in rows.order_by("pk")[:PAGE]:
        table = structure.table(result.table_id)
        fields = table.fields if table else ()
        listed.append(
            ListedRow(
                table.name if table else str(result.table_id),
                result,
                [(label_of(fields, issue["field"]), issue["message"]) for issue in result.issues],
            )
        )
    return listed
