"""A measure's course as PDF, on the clinic's letterhead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.formats import date_format

from clinical.measures.changes import figure
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from datetime import date

    from clinical.measures.charts import Chart
    from clinical.measures.selectors import Course, Taken
    from clinical.patients.models import Patient
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "course.typ"


def course_pdf(
    course: Course, patient: Patient, *, clinic: Tenant, today: date, chart: Chart
) -> bytes:
    """Answer the course as a PDF: chart, table, and what the changes mean."""
    instrument, latest = course.instrument, course.latest
    born = patient.date_of_birth
    content: dict[str, Any] = {
        "practice": clinic.name,
        "accent": clinic.accent,
        "date": date_format(today, "j F Y"),
        "patient": patient.full_name,
        "born": date_format(born, "j F Y") if born else "",
        "number": str(patient.number),
        "name": instrument.name,
        "about": instrument.about,
        "figure": figure(latest.score, instrument),
        "band": latest.band.label if latest.band else "",
        "since": [
            f"Since {label}: {change.words}."
            for label, change in (
                ("last time", latest.since_previous),
                ("the first", latest.since_first),
            )
            if change is not None
        ],
        "chart": render_to_string("measures/_chart.html", {"chart": chart, "is_print": True}),
        "caption": chart.caption,
        "direction": chart.direction,
        "rows": [_row(course, one) for one in course.newest_first],
        "source": instrument.source,
        "important": instrument.important.source if instrument.important else "",
    }
    return render_pdf(TEMPLATE, content)


def _row(course: Course, one: Taken) -> list[str]:
    return [
        date_format(one.assessment.taken_on, "j M Y"),
        figure(one.score, course.instrument),
        one.band.label if one.band else "",
        one.since_previous.short.capitalize() if one.since_previous else "",
        one.assessment.author_name,
    ]
