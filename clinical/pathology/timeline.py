"""Results on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F

from clinical.pathology.rules import visible_reports
from clinical.pathology.selectors import with_attention
from clinical.patients.timeline import Line, Source, dated

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Any]:
    reports = visible_reports(actor).filter(patient=patient, replaced_by=None)
    return dated(with_attention(reports).select_related("message"), F("collected_at"))


def _word(report: Any) -> Line:
    pill = None
    if report.is_urgent or report.is_abnormal:
        pill = ("Abnormal", "danger" if report.is_urgent else "warning", "alert-triangle")
    elif not report.is_reviewed:
        pill = ("To be reviewed", "info", "eye")
    return Line(
        title=report.name,
        url_name="pathology:detail",
        pk=report.pk,
        by=report.message.sender,
        pill=pill,
    )


SOURCE = Source("results", "Results", "microscope", "results.view", _rows, _word)
