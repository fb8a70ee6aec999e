"""Measures on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.measures.changes import figure
from clinical.measures.instruments import get_instrument
from clinical.measures.models import Assessment
from clinical.measures.rules import visible_assessments
from clinical.patients.timeline import Line, Source, dated, start_of_day

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Assessment]:
    rows = visible_assessments(actor).filter(patient=patient, state=Assessment.State.COMPLETE)
    return dated(rows.defer("answers"), start_of_day("taken_on"))


def _word(row: Assessment) -> Line:
    instrument = get_instrument(row.code, row.instrument_version)
    band = instrument.band_labelled(row.band)
    score = "" if row.score is None else f" {figure(row.score, instrument)}"
    return Line(
        title=f"{instrument.short}{score}",
        url_name="measures:detail",
        pk=row.pk,
        by=row.author_name,
        text=instrument.name,
        pill=(band.label, band.tone, "") if band else None,
    )


SOURCE = Source("measures", "Measures", "chart-line", "measures.view", _rows, _word)
