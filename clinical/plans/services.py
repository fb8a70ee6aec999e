"""The verbs about plans. A plan is drafted, started, reviewed as long as it runs, then closed.

The tables' own triggers record every change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.plans.models import (
    GAS_RANGE,
    GoalProgress,
    Plan,
    PlanGoal,
    PlanReview,
    PlanTemplate,
    PlanTemplateVersion,
)
from clinical.plans.rules import may_write
from clinical.plans.standard import STANDARD
from clinical.practice.rules import require
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient

MOST_GOALS = 20
FIELDS = frozenset(
    {"title", "practitioner", "interventions", "frequency", "expected_visits", "review_weeks",
     "starts_on", "ends_on", "review_on"}
)  # fmt: skip
TEMPLATE_FIELDS = (
    "name", "discipline", "interventions", "frequency", "expected_visits", "weeks",
    "review_weeks", "goals",
)  # fmt: skip


class PlanError(ValueError):
    """What was asked for cannot be done to this plan; the message is for a person."""


class PlanChangedError(PlanError):
    """The plan was changed elsewhere since the person read it."""


@dataclass(frozen=True)
class GoalValue:
    """A goal as a form sends it; with an id it is one that is there."""

    text: str
    baseline: str = ""
    target: str = ""
    measure_code: str = ""
    due_on: date | None = None
    id: UUID | None = None

    def columns(self) -> dict[str, Any]:
        return {
            "text": _clean(self.text),
            "baseline": _clean(self.baseline),
            "target": _clean(self.target),
            "measure_code": self.measure_code,
            "due_on": self.due_on,
        }


@transaction.atomic
def start_plan(
    patient: Patient, *, actor: User, today: date, template: PlanTemplate | None = None
) -> Plan:
    """Begin a draft, with what the template says in it."""
    require(actor, Action.CREATE, Resource.NOTES)
    source = template or PlanTemplate(name="Treatment plan", goals=[])
    plan = Plan.objects.create(
        patient=patient,
        practitioner=practitioner_of(actor),
        author=actor,
        author_name=actor.name,
        title=source.name,
        template_name=f"{template.name}, version {template.version}" if template else "",
        interventions=source.interventions,
        frequency=source.frequency,
        expected_visits=source.expected_visits,
        review_weeks=source.review_weeks,
        starts_on=today,
        ends_on=today + timedelta(weeks=source.weeks) if source.weeks else None,
        review_on=today + timedelta(weeks=source.review_weeks),
    )
    PlanGoal.objects.bulk_create(
        PlanGoal(
            plan=plan,
            position=position,
            text=goal["text"],
            target=goal.get("target", ""),
            measure_code=goal.get("measure", ""),
            due_on=today + timedelta(weeks=goal["weeks"]) if goal.get("weeks") else None,
        )
        for position, goal in enumerate(source.goals)
    )
    return plan


@transaction.atomic
def change_plan(
    plan: Plan,
    *,
    actor: User,
    revision: int,
    fields: Mapping[str, Any],
    goals: Sequence[GoalValue],
) -> Plan:
    """Write the plan and its goals. A goal that is left out goes, unless it has progress."""
    _check_writable(plan, actor)
    if unknown := set(fields) - FIELDS:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    values = {n: _clean(v) if isinstance(v, str) else v for n, v in fields.items()}
    if not values.get("title", plan.title):
        raise PlanError("Give the plan a title.")
    starts, ends = values.get("starts_on", plan.starts_on), values.get("ends_on", plan.ends_on)
    if ends and ends < starts:
        raise PlanError("The plan ends before it starts. Check both dates.")
    if len(goals) > MOST_GOALS:
        raise PlanError(f"A plan has at most {MOST_GOALS} goals.")
    _swap(plan, revision=revision, **values)
    _keep_goals(plan, goals)
    return plan


@transaction.atomic
def activate_plan(plan: Plan, *, actor: User) -> Plan:
    """Begin to work by the plan."""
    _check_writable(plan, actor)
    if not plan.is_draft:
        raise PlanError("This plan has been started already.")
    if not plan.goals.exists():
        raise PlanError("The plan has no goal yet. Write at least one, then start it.")
    return _swap(plan, revision=plan.revision, state=Plan.State.ACTIVE)


@transaction.atomic
def note_progress(
    goal: PlanGoal,
    *,
    actor: User,
    scale: str,
    value: int,
    noted_on: date,
    note: str = "",
    state: str = "",
) -> GoalProgress:
    """Keep how far a goal has come, and what is to become of it (`state`)."""
    _check_writable(goal.plan, actor)
    low, high = (0, 100) if scale == GoalProgress.Scale.PERCENT else GAS_RANGE
    if not low <= value <= high:
        raise PlanError(f"Progress on this scale is from {low} to {high}.")
    if state and state != goal.state:
        goal.state = PlanGoal.State(state)
        goal.save(update_fields=["state"])
    return GoalProgress.objects.create(
        goal=goal,
        scale=scale,
        value=value,
        noted_on=noted_on,
        note=_clean(note),
        by_name=actor.name,
    )


@transaction.atomic
def review_plan(
    plan: Plan, *, actor: User, held_on: date, summary: str, next_review_on: date | None
) -> PlanReview:
    """Keep that the plan was gone through; it runs on until the next review."""
    _check_writable(plan, actor)
    if not plan.is_open:
        raise PlanError("Start the plan first; a draft is not reviewed.")
    if next_review_on is not None and next_review_on <= held_on:
        raise PlanError("The next review must be after this one.")
    _swap(plan, revision=plan.revision, state=Plan.State.REVIEWED, review_on=next_review_on)
    return PlanReview.objects.create(
        plan=plan,
        held_on=held_on,
        summary=_clean(summary),
        next_review_on=next_review_on,
        by_name=actor.name,
    )


@transaction.atomic
def close_plan(plan: Plan, *, actor: User, closed_on: date, outcome: str) -> Plan:
    """End the plan. Goals that were still worked on stay as they are; `reopen_plan` undoes it."""
    _check_writable(plan, actor)
    return _swap(
        plan,
        revision=plan.revision,
        state=Plan.State.CLOSED,
        outcome=_clean(outcome),
        closed_on=closed_on,
    )


@transaction.atomic
def reopen_plan(plan: Plan, *, actor: User) -> Plan:
    """Take a closed plan up again."""
    require(actor, Action.CHANGE, Resource.NOTES)
    if not plan.is_closed:
        raise PlanError("This plan is open.")
    state = Plan.State.REVIEWED if plan.reviews.exists() else Plan.State.ACTIVE
    return _swap(plan, revision=plan.revision, state=state, closed_on=None)


@transaction.atomic
def discard_plan(plan: Plan, *, actor: User) -> None:
    """Throw a draft away."""
    _check_writable(plan, actor)
    if not plan.is_draft:
        raise PlanError("A plan that was started is closed, not thrown away.")
    plan.delete()


def record_reading(plan: Plan, *, action: str = "view") -> None:
    """Put on record that the actor of the scope read the plan, or took it along (`export`)."""
    record(
        action,
        object_type=Plan._meta.db_table,
        object_id=str(plan.pk),
        subject_id=str(plan.patient_id),
        payload={"title": plan.title},
    )


# ── templates ────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_template(*, actor: User, **content: Any) -> PlanTemplate:
    """Add a template to the library."""
    require(actor, Action.CREATE, Resource.NOTES)
    if PlanTemplate.objects.filter(name=content["name"]).exists():
        raise PlanError("A template of this name is in the library already.")
    template = PlanTemplate.objects.create(**content)
    _keep_version(template, actor)
    return template


@transaction.atomic
def change_template(
    template: PlanTemplate, *, actor: User, seen: int, is_active: bool, **content: Any
) -> PlanTemplate:
    """Give a template another text; plans that began with it stay as they are."""
    require(actor, Action.CHANGE, Resource.NOTES)
    template = PlanTemplate.objects.select_for_update().get(pk=template.pk)
    if seen != template.version:
        raise PlanChangedError(
            "Somebody else has changed this template in the meantime. Open it again and repeat "
            "your change."
        )
    twins = PlanTemplate.objects.filter(name=content["name"]).exclude(pk=template.pk)
    if twins.exists():
        raise PlanError("A template of this name is in the library already.")
    is_other = any(getattr(template, name) != value for name, value in content.items())
    for name, value in content.items():
        setattr(template, name, value)
    template.is_active = is_active
    template.version += is_other
    template.save()
    if is_other:
        _keep_version(template, actor)
    return template


@transaction.atomic
def add_standard_templates(*, actor: User) -> int:
    """Add the templates that Nexus brings along; answers how many were not there yet."""
    require(actor, Action.CREATE, Resource.NOTES)
    there = set(PlanTemplate.objects.values_list("name", flat=True))
    added = [
        add_template(actor=actor, **content) for content in STANDARD if content["name"] not in there
    ]
    return len(added)


def _keep_version(template: PlanTemplate, actor: User) -> None:
    PlanTemplateVersion.objects.create(
        template=template,
        number=template.version,
        content={name: getattr(template, name) for name in TEMPLATE_FIELDS},
        author_name=actor.name,
    )


# ── inside ───────────────────────────────────────────────────────────────────────────────────────


def _check_writable(plan: Plan, actor: User) -> None:
    if plan.is_closed:
        raise PlanError("This plan is closed. Take it up again to change it.")
    if not may_write(actor, plan):
        raise PermissionDenied("notes.change")


def _swap(plan: Plan, *, revision: int, **columns: Any) -> Plan:
    """Write the columns if the plan is still at the revision that was read."""
    swapped = Plan.objects.filter(pk=plan.pk, revision=revision).update(
        **columns, revision=F("revision") + 1
    )
    if not swapped:
        raise PlanChangedError(
            "Somebody else has changed this plan in the meantime. Open it again and repeat "
            "your change."
        )
    for name, value in columns.items():
        setattr(plan, name, value)
    plan.revision = revision + 1
    return plan


def _keep_goals(plan: Plan, goals: Sequence[GoalValue]) -> None:
    rows = {goal.pk: goal for goal in plan.goals.all()}
    for position, value in enumerate(goals):
        row = rows.pop(value.id, None) if value.id else None
        columns = {**value.columns(), "position": position}
        if row is None:
            PlanGoal.objects.create(plan=plan, **columns)
        elif any(getattr(row, name) != column for name, column in columns.items()):
            for name, column in columns.items():
                setattr(row, name, column)
            row.save()
    kept = GoalProgress.objects.filter(goal__in=rows).values_list("goal__text", flat=True).first()
    if kept:
        raise PlanError(
            f"“{kept[:60]}” has progress noted and is not deleted. Note it as dropped instead."
        )
    PlanGoal.objects.filter(pk__in=rows).delete()


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").strip()
