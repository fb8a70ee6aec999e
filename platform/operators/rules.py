"""When a clinic is well: what in its figures worries an operator, and how much.

Each finding is in words for a person. Figures are judged as of the moment they were taken, so that a
worker that has stopped shows as one finding (nobody has looked) and not as fifty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from onboarding.imports.models import ImportRun
from ui.wording import ago

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

RED, AMBER, GREEN = 2, 1, 0
TONES = {RED: "danger", AMBER: "warning", GREEN: "success"}
WORDS = {RED: "Trouble", AMBER: "Look at it", GREEN: "Well"}

NOT_LOOKED = timedelta(minutes=20)
QUEUE_SLOW, QUEUE_STUCK = timedelta(minutes=10), timedelta(hours=1)
SEALS_SLOW, SEALS_STUCK = timedelta(minutes=10), timedelta(hours=1)
INBOX_SLOW = timedelta(hours=1)
IMPORT_SILENT = timedelta(minutes=2)
BACKUP_LATE, BACKUP_OLD = timedelta(hours=26), timedelta(hours=72)
FAILED_MANY, FAILED_SHARE, FAILED_MOST = 5, 0.1, 0.5
FAULTS_MANY, FAULTS_MOST = 5, 50


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    level: int
    words: str

    @property
    def tone(self) -> str:
        return TONES[self.level]


@dataclass(frozen=True)
class ImportState:
    """One import run of a clinic, as its figures tell of it: nothing of what it imports."""

    run_id: str
    state: str
    phase: int | None
    created_at: datetime | None
    started_at: datetime | None
    heartbeat_at: datetime | None
    done: int
    total: int
    attempt: int
    is_stuck: bool

    @property
    def is_working(self) -> bool:
        return self.state in ImportRun.WORKING

    @property
    def words(self) -> str:
        return ImportRun.State(self.state).label if self.state in ImportRun.State else self.state

    @property
    def tone(self) -> str:
        if self.is_stuck or self.state == ImportRun.State.FAILED:
            return "danger"
        if self.is_working:
            return "info"
        return "success" if self.state == ImportRun.State.LOADED else "neutral"


def moment(written: Any) -> datetime | None:
    """Read a moment of the figures."""
    return datetime.fromisoformat(written) if written else None


def imports_of(
    figures: Mapping[str, Any], *, looked_at: datetime | None
) -> tuple[ImportState, ...]:
    """Answer the clinic's newest import runs; one at work that is silent is stuck."""
    return tuple(_import(run, looked_at) for run in figures.get("imports", ()))


def _import(run: Mapping[str, Any], looked_at: datetime | None) -> ImportState:
    heard = moment(run.get("heartbeat_at")) or moment(run.get("created_at"))
    is_working = run["state"] in ImportRun.WORKING
    silent = looked_at is not None and heard is not None and looked_at - heard > IMPORT_SILENT
    return ImportState(
        run_id=run["id"],
        state=run["state"],
        phase=run.get("phase"),
        created_at=moment(run.get("created_at")),
        started_at=moment(run.get("started_at")),
        heartbeat_at=moment(run.get("heartbeat_at")),
        done=run.get("done") or 0,
        total=run.get("total") or 0,
        attempt=run.get("attempt") or 0,
        is_stuck=is_working and silent,
    )


def error_rate(figures: Mapping[str, Any]) -> float | None:
    """Answer which share of what left for vendors in a day was refused; None where nothing left."""
    failed, sent = figures.get("failed_day", 0), figures.get("sent_day", 0)
    return failed / (failed + sent) if failed + sent else None


def judge_figures(figures: Mapping[str, Any], *, looked_at: datetime | None) -> Iterator[Finding]:
    """Judge what a clinic has said of itself."""
    if looked_at is None:
        return
    yield from _late(
        looked_at, moment(figures.get("queue_since")), QUEUE_SLOW, QUEUE_STUCK,
        "The queue to vendors waits since {}",
    )  # fmt: skip
    yield from _late(
        looked_at, moment(figures.get("unsealed_since")), SEALS_SLOW, SEALS_STUCK,
        "The audit trail is not sealed since {}",
    )  # fmt: skip
    yield from _late(
        looked_at, moment(figures.get("inbox_since")), INBOX_SLOW, None,
        "What a vendor has sent is not handled since {}",
    )  # fmt: skip
    rate, failed = error_rate(figures), figures.get("failed_day", 0)
    if rate is not None and failed >= FAILED_MANY and rate > FAILED_SHARE:
        level = RED if rate > FAILED_MOST else AMBER
        yield Finding(level, f"{failed} of a day's deliveries failed ({rate:.0%})")
    faults = figures.get("faults_day", 0)
    if faults >= FAULTS_MANY:
        level = RED if faults >= FAULTS_MOST else AMBER
        yield Finding(level, f"{faults} requests of a day ended in a fault of ours: see the log")
    broken = [
        one["provider"] for one in figures.get("integrations", ()) if one["state"] == "broken"
    ]
    if broken:
        yield Finding(AMBER, f"Has to be connected again: {', '.join(broken)}")
    for run in imports_of(figures, looked_at=looked_at):
        if run.is_stuck:
            yield Finding(RED, f"An import is stuck ({run.words.lower()})")
    newest = next(iter(figures.get("imports", ())), None)
    if newest and newest["state"] == ImportRun.State.FAILED:
        yield Finding(AMBER, "The last import stopped with an error")


def _late(
    now: datetime, since: datetime | None, slow: timedelta, stuck: timedelta | None, words: str
) -> Iterator[Finding]:
    if since is None or now - since < slow:
        return
    level = RED if stuck is not None and now - since >= stuck else AMBER
    yield Finding(level, words.format(ago(since)))


def judge_looking(*, looked_at: datetime | None, problem: str, now: datetime) -> Iterator[Finding]:
    """Judge whether the figures are there at all."""
    if problem:
        yield Finding(RED, problem)
    elif looked_at is None:
        yield Finding(AMBER, "Nobody has looked at it yet")
    elif now - looked_at > NOT_LOOKED:
        yield Finding(AMBER, f"Last looked at {ago(looked_at)}")


def judge_backup(
    *, backed_up_at: datetime | None, born_at: datetime, now: datetime
) -> Iterator[Finding]:
    """Judge the age of the newest backup; a clinic of today needs none yet."""
    if now - (backed_up_at or born_at) > BACKUP_OLD:
        yield Finding(
            RED, f"Last backup {ago(backed_up_at)}" if backed_up_at else "No backup at all"
        )
    elif now - (backed_up_at or born_at) > BACKUP_LATE:
        yield Finding(
            AMBER, f"Last backup {ago(backed_up_at)}" if backed_up_at else "No backup at all"
        )


def worst(findings: Iterable[Finding]) -> int:
    return max((finding.level for finding in findings), default=GREEN)
