"""Plans on paper, with lines to sign on, as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format

from clinical.plans.selectors import counted, goals_of
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from datetime import date

    from clinical.plans.models import Plan
    from clinical.plans.selectors import ShownGoal
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "plan.typ"


def plan_pdf(plan: Plan, *, clinic: Tenant) -> bytes:
    """Answer the plan as a PDF; a draft says so on every page."""
    return render_pdf(TEMPLATE, _content(plan, clinic))


def _content(plan: Plan, clinic: Tenant) -> dict[str, Any]:
    patient, sessions = plan.patient, counted(plan)
    born = f"born {_day(patient.date_of_birth)}" if patient.date_of_birth else ""
    facts = [
        ("Start", _day(plan.starts_on)),
        ("End", _day(plan.ends_on)),
        ("Next review", _day(plan.review_on)),
        ("How often", plan.frequency),
        ("Visits", _visits(sessions.attended, sessions.expected)),
        ("Clinician", plan.practitioner.name if plan.practitioner else ""),
    ]
    return {
        "practice": clinic.name,
        "accent": clinic.accent,
        "title": plan.title,
        "patient": patient.full_name,
        "patient_line": ", ".join(filter(None, [born, f"patient {patient.number}"])),
        "date": _day(timezone.localdate()),
        "facts": [[label, text] for label, text in facts if text],
        "interventions": [line for line in plan.interventions.splitlines() if line.strip()],
        "goals": [_goal(shown) for shown in goals_of(plan)],
        "reviews": [
            [_day(review.held_on), review.by_name, review.summary] for review in plan.reviews.all()
        ],
        "outcome": plan.outcome if plan.is_closed else "",
        "clinician": plan.practitioner.name if plan.practitioner else plan.author_name,
        "is_draft": plan.is_draft,
    }


def _goal(shown: ShownGoal) -> dict[str, str]:
    goal, latest = shown.goal, shown.latest
    return {
        "text": goal.text,
        "baseline": goal.baseline,
        "target": goal.target,
        "due": _day(goal.due_on),
        "state": goal.get_state_display(),
        "progress": f"{latest.words} on {_day(latest.noted_on)}" if latest else "",
    }


def _visits(attended: int, expected: int | None) -> str:
    return f"{attended} of {expected} held" if expected else f"{attended} held"


def _day(day: date | None) -> str:
    return date_format(day, "j F Y") if day else ""
