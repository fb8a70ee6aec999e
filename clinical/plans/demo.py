"""Made-up treatment plans for the demo's made-up patients."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.appointments.models import Appointment, Status
from clinical.plans.models import (
    GoalProgress,
    Plan,
    PlanGoal,
    PlanReview,
    PlanTemplate,
    PlanTemplateVersion,
)
from clinical.plans.services import TEMPLATE_FIELDS
from clinical.plans.standard import STANDARD

if TYPE_CHECKING:
    import random
    from datetime import date, datetime

MOST_PLANS = 60
_NOTES = (
    "Managed more than last time, still tires quickly.",
    "Home programme done most days.",
    "Slow week after a cold.",
    "Goes shopping without help now.",
)


def fill(chance: random.Random, now: datetime) -> None:
    """Add the library, and a plan for everybody who was seen lately."""
    if PlanTemplate.objects.exists() or Plan.objects.exists():
        return
    templates = [PlanTemplate(**content) for content in STANDARD]
    PlanTemplate.objects.bulk_create(templates)
    PlanTemplateVersion.objects.bulk_create(
        PlanTemplateVersion(
            template=template,
            number=1,
            content={name: getattr(template, name) for name in TEMPLATE_FIELDS},
            author_name="Nexus",
        )
        for template in templates
    )
    seen = Appointment.objects.filter(
        status=Status.COMPLETED, starts_at__lt=now, patient__isnull=False
    ).select_related("patient", "practitioner")
    firsts = {visit.patient_id: visit for visit in seen.order_by("-starts_at")[:2000]}
    plans, goals, progress, reviews = [], [], [], []
    for visit in list(firsts.values())[:MOST_PLANS]:
        template = chance.choice(templates)
        plan = _plan(chance, visit, template, now.date())
        plans.append(plan)
        if plan.state == Plan.State.REVIEWED:
            reviews.append(
                PlanReview(
                    plan=plan, held_on=now.date() - timedelta(days=20),
                    summary="Goals still fit. Go on as planned.", by_name=plan.author_name,
                    next_review_on=plan.review_on,
                )
            )  # fmt: skip
        for position, content in enumerate(template.goals):
            goal = PlanGoal(
                plan=plan, position=position, text=content["text"], target=content["target"],
                measure_code=content["measure"],
                due_on=plan.starts_on + timedelta(weeks=content["weeks"] or 12),
                state="achieved" if plan.is_closed else "active",
            )  # fmt: skip
            goals.append(goal)
            progress += _progress(chance, goal, now.date())
    Plan.objects.bulk_create(plans)
    PlanGoal.objects.bulk_create(goals)
    GoalProgress.objects.bulk_create(progress)
    PlanReview.objects.bulk_create(reviews)


def _plan(chance: random.Random, visit: Appointment, template: PlanTemplate, today: date) -> Plan:
    starts = today - timedelta(days=chance.randrange(10, 80))
    state = chance.choice(("draft", "active", "active", "active", "reviewed", "closed"))
    return Plan(
        patient=visit.patient,
        practitioner=visit.practitioner,
        author_name=visit.practitioner.name if visit.practitioner else "",
        title=template.name,
        template_name=f"{template.name}, version 1",
        interventions=template.interventions,
        frequency=template.frequency,
        expected_visits=template.expected_visits,
        review_weeks=template.review_weeks,
        starts_on=starts,
        ends_on=starts + timedelta(weeks=template.weeks or 12),
        review_on=today + timedelta(days=chance.randrange(-12, 40)),
        state=state,
        outcome="Goals reached; goes on alone with the home programme."
        if state == "closed"
        else "",
        closed_on=today - timedelta(days=3) if state == "closed" else None,
    )


def _progress(chance: random.Random, goal: PlanGoal, today: date) -> list[GoalProgress]:
    if goal.plan.is_draft:
        return []
    values = sorted(chance.sample(range(5, 95, 5), chance.choice((0, 1, 2, 3))))
    return [
        GoalProgress(
            goal=goal, scale="percent", value=value, note=chance.choice(_NOTES),
            noted_on=today - timedelta(days=7 * (len(values) - number)),
            by_name=goal.plan.author_name,
        )
        for number, value in enumerate(values)
    ]  # fmt: skip
