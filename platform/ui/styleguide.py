"""What the style guide shows: invented people and figures, one of each component."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.utils import timezone

APPOINTMENTS = [
    ("8:30 am", "Amelia Brandt", "Initial assessment", "Ngaire Holt", "Completed", "success"),
    ("9:15 am", "Tomasz Wieczorek", "Standard, 45 min", "Ngaire Holt", "Arrived", "info"),
    ("10:00 am", "Priya Raghunathan", "Standard, 45 min", "Dev Okafor", "Confirmed", "accent"),
    ("10:45 am", "Joan Featherstonehaugh-Smythe", "Telehealth", "Dev Okafor", "Booked", "neutral"),
    ("11:30 am", "Luca Marchetti", "Review, 30 min", "Ngaire Holt", "Did not attend", "danger"),
]
RESULTS = [
    {
        "url": "#1",
        "title": "Amelia Brandt",
        "subtitle": "12 Mar 1987 · 0491 570 156",
        "meta": "1042",
    },
    {
        "url": "#2",
        "title": "Ameli Brandtner",
        "subtitle": "3 Jul 2001 · 0491 570 157",
        "meta": "877",
    },
]
TABLES = [
    ("Patients", 2842, 2811, 0, 18, 13),
    ("Appointments", 9830, 9788, 0, 32, 10),
    ("Clinicians", 10, 10, 0, 0, 0),
]


class PatientForm(forms.Form):
    """A form with each kind of field."""

    given_name = forms.CharField(label="Given name")
    family_name = forms.CharField(label="Family name")
    born = forms.DateField(label="Date of birth", help_text="Day, month, year: 31/12/1987")
    email = forms.EmailField(label="E-mail", required=False)
    clinic = forms.ChoiceField(
        label="Clinic", choices=[("", "Choose a clinic"), ("n", "Northcote"), ("f", "Footscray")]
    )
    contact = forms.ChoiceField(
        label="Reminders by",
        choices=[("sms", "SMS"), ("mail", "E-mail"), ("none", "Not at all")],
        widget=forms.RadioSelect,
        help_text="The patient can change this from any reminder.",
    )
    alert = forms.CharField(label="Alert", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    consent = forms.BooleanField(
        label="Has consented to the privacy notice", help_text="Ask before the first visit."
    )


def example() -> dict[str, Any]:
    """Answer the context of the style guide."""
    now = timezone.now()
    wrong = PatientForm(
        {"family_name": "Brandt", "born": "31.31.1987", "email": "amelia@", "contact": "sms"}
    )
    return {
        "now": now,
        "earlier": now - timedelta(minutes=7),
        "visit": datetime(2026, 11, 23, 22, 15, tzinfo=UTC),
        "appointments": APPOINTMENTS,
        "results": RESULTS,
        "tables": TABLES,
        "form": PatientForm(),
        "wrong_form": wrong,
        "facts": [
            ("Date of birth", "12 Mar 1987 (39)"),
            ("Phone", "0491 570 156"),
            ("Medicare", "2123 45670 1"),
            ("Referrer", ""),
        ],
        "tab_items": [
            {"label": "Summary", "url": "#summary", "active": True, "icon": "layout-list"},
            {"label": "Appointments", "url": "#appointments", "count": 1496},
            {"label": "Notes", "url": "#notes", "count": 12},
            {"label": "Who looked", "url": "#looked"},
        ],
        "wizard": ["Upload", "Look inside", "Match the fields", "Dry run", "Load", "Compare"],
        "unfinished": SimpleNamespace(
            url="/_ui/uploads/1", name="Practice.fmp12", size=734_003_200, offset=312_000_000
        ),
    }
