"""Problems on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.patients.timeline import Line, Source, dated, start_of_day
from clinical.problems.models import Problem
from clinical.problems.rules import may_read

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Problem]:
    problems = Problem.objects.filter(patient=patient, is_error=False)
    return dated(problems if may_read(actor) else problems.none(), start_of_day("onset_on"))


def _word(problem: Problem) -> Line:
    return Line(
        title=problem.name,
        url_name="problems:problem",
        pk=problem.pk,
        by=" ".join(filter(None, [problem.code, problem.code_title])),
        pill=None if problem.status == Problem.Status.ACTIVE else ("Resolved", "neutral", "check"),
    )


SOURCE = Source("problems", "Problems", "clipboard-heart", "notes.view", _rows, _word)
