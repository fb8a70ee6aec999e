"""Questions about plans. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Prefetch, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.utils import timezone

from clinical.appointments.models import Appointment, Status
from clinical.patients.rules import visible_patients
from clinical.patients.timeline import start_of_day
from clinical.plans.measuring import measure_names, scores_of
from clinical.plans.models import GoalProgress, Plan, PlanGoal, PlanTemplate
from clinical.plans.rules import visible_plans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.measures.selectors import LatestScore
    from clinical.patients.models import Patient
    from clinical.practice.models import Practitioner

OPEN = (Plan.State.ACTIVE, Plan.State.REVIEWED)
MOST_DUE = 300
SOON = timedelta(days=14)
_COMING = (Status.BOOKED, Status.CONFIRMED, Status.ARRIVED, Status.IN_SESSION)


@dataclass(frozen=True)
class ShownGoal:
    """A goal with its way so far, and what the linked measure says."""

    goal: PlanGoal
    progress: Sequence[GoalProgress]
    measure: str
    score: LatestScore | None

    @property
    def latest(self) -> GoalProgress | None:
        return self.progress[0] if self.progress else None

    @property
    def percent(self) -> int | None:
        """Answer how far it has come as a bar shows it; goal attainment -2 … +2 is 0 … 100."""
        if self.latest is None:
            return None
        if self.latest.scale == GoalProgress.Scale.PERCENT:
            return self.latest.value
        return (self.latest.value + 2) * 25


@dataclass(frozen=True)
class Sessions:
    """Visits since the plan began: held, to come, and how many were expected."""

    attended: int
    to_come: int
    expected: int | None

    @property
    def left(self) -> int | None:
        return None if self.expected is None else max(self.expected - self.attended, 0)


def get_plan(actor: User, pk: UUID) -> Plan:
    """Answer a plan with its patient; raises Http404 for whom the actor may not see it."""
    plans = visible_plans(actor).filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type", "practitioner")
    return get_object_or_404(plans.select_related(*related), pk=pk)


def get_goal(actor: User, pk: UUID) -> PlanGoal:
    goals = PlanGoal.objects.filter(plan__in=visible_plans(actor)).select_related("plan__patient")
    return get_object_or_404(goals.filter(plan__patient__in=visible_patients(actor)), pk=pk)


def get_template(pk: UUID) -> PlanTemplate:
    return get_object_or_404(PlanTemplate, pk=pk)


def templates_in_use() -> QuerySet[PlanTemplate]:
    return PlanTemplate.objects.filter(is_active=True)


def plans_of(actor: User, patient: Patient) -> list[Plan]:
    """Answer the patient's plans, what runs first, each with its goals and counts of visits."""
    order = {Plan.State.ACTIVE: 0, Plan.State.REVIEWED: 0, Plan.State.DRAFT: 1}
    plans = with_sessions(visible_plans(actor).filter(patient=patient))
    rows = plans.select_related("practitioner").prefetch_related("goals")
    return sorted(rows, key=lambda plan: order.get(Plan.State(plan.state), 2))


def goals_of(plan: Plan) -> list[ShownGoal]:
    """Answer the goals with all their progress, newest first, and their measures."""
    newest = Prefetch("progress", queryset=GoalProgress.objects.order_by("-noted_on", "-id"))
    goals = list(plan.goals.order_by("position", "id").prefetch_related(newest))
    codes = {goal.measure_code for goal in goals if goal.measure_code}
    names = measure_names() if codes else {}
    scores = scores_of(plan.patient_id, codes)
    return [
        ShownGoal(
            goal,
            list(goal.progress.all()),
            names.get(goal.measure_code, goal.measure_code),
            scores.get(goal.measure_code),
        )
        for goal in goals
    ]


def sessions_of(plan: Any) -> Sessions:
    """Answer the counts of a plan that came with them (`with_sessions`)."""
    return Sessions(plan.attended, plan.to_come, plan.expected_visits)


def counted(plan: Plan) -> Sessions:
    return sessions_of(with_sessions(Plan.objects.filter(pk=plan.pk)).get())


def with_sessions(plans: QuerySet[Plan], *, now: datetime | None = None) -> QuerySet[Any]:
    """Count each plan's visits in the same statement: its clinician's, or anybody's without one."""
    now = now or timezone.now()
    began: Any = start_of_day(OuterRef("starts_on"))  # type: ignore[arg-type]
    nobody = Value(UUID(int=0), output_field=UUIDField())
    visits = (
        Appointment.objects.filter(patient=OuterRef("patient"), starts_at__gte=began)
        .annotate(clinician=Coalesce("practitioner_id", nobody))
        .filter(clinician=Coalesce(OuterRef("practitioner_id"), F("clinician")))
        .order_by()
        .values("patient")
    )
    return plans.annotate(
        attended=Coalesce(
            Subquery(visits.filter(status=Status.COMPLETED).annotate(n=Count("*")).values("n")), 0
        ),
        to_come=Coalesce(
            Subquery(
                visits.filter(status__in=_COMING, starts_at__gte=now)
                .annotate(n=Count("*"))
                .values("n")
            ),
            0,
        ),
    )


def due_reviews(
    actor: User, *, today: date, practitioner: Practitioner | None = None, soon: bool = True
) -> list[Any]:
    """Answer the open plans whose review is due, or soon will be; the longest overdue first."""
    until = today + SOON if soon else today
    plans = visible_plans(actor).filter(
        patient__in=visible_patients(actor), state__in=OPEN, review_on__lte=until
    )
    if practitioner is not None:
        plans = plans.filter(practitioner=practitioner)
    rows = with_sessions(plans).select_related("patient", "practitioner")
    return list(rows.order_by(F("review_on").asc(), "id")[:MOST_DUE])
