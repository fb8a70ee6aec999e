"""Jobs as the console and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils import timezone

from operators import results
from tenants import jobs
from tenants.models import Job

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from accounts.models import User

PAGE = 50
State = Job.State
TONES = {
    State.QUEUED: "neutral",
    State.RUNNING: "info",
    State.HELD: "warning",
    State.DONE: "success",
    State.FAILED: "danger",
    State.CANCELLED: "neutral",
}
_URGENCY = (State.FAILED, State.HELD, State.RUNNING, State.QUEUED)


@dataclass(frozen=True)
class ShownStep:
    """One step of a job: `state` is done, running, stopped or waiting."""

    words: str
    state: str
    at: datetime | None = None
    seconds: float | None = None

    @property
    def tone(self) -> str:
        tones = {"done": "success", "running": "info", "stopped": "danger"}
        return tones.get(self.state, "neutral")


@dataclass(frozen=True)
class ShownJob:
    """A job with the words of its kind."""

    job: Job

    @property
    def kind(self) -> jobs.Kind | None:
        try:
            return jobs.kind_of(self.job)
        except jobs.JobError:
            return None

    @property
    def title(self) -> str:
        return self.kind.title if self.kind else self.job.kind

    @property
    def tone(self) -> str:
        return TONES[State(self.job.state)]

    @property
    def words(self) -> str:
        if self.job.state == State.QUEUED and self.waits_until:
            return "Waits for its day"
        return str(self.job.get_state_display())

    @property
    def waits_until(self) -> datetime | None:
        moment = self.job.not_before
        return moment if moment and moment > timezone.now() else None

    @property
    def step_words(self) -> str:
        steps = {step.name: step.words for step in self.kind.steps} if self.kind else {}
        return steps.get(self.job.step, self.job.step)

    @property
    def percent(self) -> int | None:
        return round(100 * self.job.done / self.job.total) if self.job.total else None

    @property
    def is_silent(self) -> bool:
        """Whether its worker has not been heard of: another one takes it up."""
        heard = self.job.heartbeat_at
        silent = heard is None or timezone.now() - heard > jobs.STALE
        return self.job.state == State.RUNNING and silent

    @property
    def can_cancel(self) -> bool:
        if not self.job.is_open or self.job.wants_cancel:
            return False
        return not self.job.attempts or (
            self.kind is not None and self.kind.may_end_at(self.job.step)
        )

    @property
    def can_retry(self) -> bool:
        return self.job.state in {State.FAILED, State.CANCELLED} and self.kind is not None

    def can_approve(self, person: User) -> bool:
        """Whether this person may: never the one who has asked."""
        return self.job.state == State.HELD and not is_same(self.job.asked_by, person.email)

    @property
    def steps(self) -> Sequence[ShownStep]:
        """Answer what is done, what is under way, and what is to come."""
        if self.kind is None:
            return []
        logged: dict[str, dict[str, Any]] = {line["step"]: line for line in self.job.log}
        return [self._step(step, logged.get(step.name)) for step in self.kind.steps]

    def _step(self, step: jobs.Step, line: dict[str, Any] | None) -> ShownStep:
        if step.name == self.job.step and self.job.state != State.DONE:
            states = {State.RUNNING: "running", State.FAILED: "stopped"}
            return ShownStep(step.words, states.get(State(self.job.state), "waiting"))
        if line is None:
            return ShownStep(step.words, "waiting")
        at = datetime.fromisoformat(line["at"])
        return ShownStep(step.words, "done", at, line.get("seconds"))

    @property
    def file(self) -> results.ResultFile | None:
        return results.result_of(self.job)

    @property
    def facts(self) -> list[tuple[str, Any]]:
        """What it was asked with and what it came to, in plain words."""
        return [
            (name.replace("_", " ").capitalize(), value)
            for name, value in {**self.job.params, **self.job.result}.items()
            if isinstance(value, str | int | float | bool) and value != ""
        ]


def is_same(asked_by: str, address: str) -> bool:
    return asked_by.strip().casefold() == address.strip().casefold()


@dataclass(frozen=True)
class JobPage:
    jobs: Sequence[ShownJob]
    page: int
    has_more: bool

    @property
    def previous(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def following(self) -> int | None:
        return self.page + 1 if self.has_more else None

    @property
    def is_moving(self) -> bool:
        return any(shown.job.state in {State.QUEUED, State.RUNNING} for shown in self.jobs)


def job_page(*, state: str = "", kind: str = "", search: str = "", page: int = 1) -> JobPage:
    """Answer jobs of all clinics: what needs somebody first, then what is under way, then the newest."""
    found = Job.objects.select_related("tenant")
    if state in State.values:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if search:
        found = found.filter(
            Q(tenant__name__icontains=search)
            | Q(tenant__subdomain__icontains=search)
            | Q(asked_by__icontains=search)
        )
    urgency = Case(
        *(When(state=value, then=Value(place)) for place, value in enumerate(_URGENCY)),
        default=Value(len(_URGENCY)),
        output_field=IntegerField(),
    )
    page = max(1, page)
    begin = (page - 1) * PAGE
    rows = list(found.order_by(urgency, "-created_at")[begin : begin + PAGE + 1])
    return JobPage([ShownJob(job) for job in rows[:PAGE]], page, len(rows) > PAGE)


def newest(*, tenant_id: int, most: int) -> list[ShownJob]:
    found = Job.objects.filter(tenant_id=tenant_id).order_by("-created_at")[:most]
    return [ShownJob(job) for job in found]


def get_job(pk: uuid.UUID | str) -> Job:
    """Raises Job.DoesNotExist."""
    job: Job = Job.objects.select_related("tenant").get(pk=pk)
    return job
