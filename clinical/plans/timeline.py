"""Plans on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.patients.timeline import Line, Source, dated, start_of_day
from clinical.plans.models import Plan
from clinical.plans.rules import visible_plans

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

_PILLS = {
    Plan.State.DRAFT: ("Draft", "warning", "pencil"),
    Plan.State.ACTIVE: ("Active", "success", "player-play"),
    Plan.State.REVIEWED: ("Reviewed", "success", "checks"),
    Plan.State.CLOSED: ("Closed", "neutral", "lock"),
}


def _rows(actor: User, patient: Patient) -> QuerySet[Plan]:
    return dated(visible_plans(actor).filter(patient=patient), start_of_day("starts_on"))


def _word(plan: Plan) -> Line:
    return Line(
        title=plan.title,
        url_name="plans:detail",
        pk=plan.pk,
        by=plan.author_name,
        pill=_PILLS[Plan.State(plan.state)],
    )


SOURCE = Source("plans", "Plans", "target-arrow", "notes.view", _rows, _word)
