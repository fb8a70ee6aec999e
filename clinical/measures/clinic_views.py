"""Pages about the whole clinic: what is due, which measures there are, the settings."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from clinical.measures import selectors
from clinical.measures.changes import plain
from clinical.measures.forms import SettingsForm
from clinical.measures.instruments import all_instruments, get_instrument
from clinical.practice.selectors import practitioner_of, practitioners_in_use
from ui.spreadsheets import safe_cell

if TYPE_CHECKING:
    from clinical.practice.requests import SignedInRequest

EVERYBODY = "all"


@require_safe
@requires(Action.VIEW, Resource.MEASURES)
def due(request: SignedInRequest) -> HttpResponse:
    """List whose measures are due: of one's own patients, of another clinician's, or of all."""
    chosen = _chosen(request)
    rows = _rows(request, chosen)
    context = {
        "rows": rows,
        "practitioners": practitioners_in_use(),
        "chosen": str(chosen or EVERYBODY),
        "alerts": [
            {"row": row, "measure": get_instrument(row.code).short}
            for row in selectors.alerts_to_look_at(request.user)
        ],
    }
    return render(request, "measures/due.html", context)


@require_safe
@requires(Action.EXPORT, Resource.MEASURES)
def due_file(request: SignedInRequest) -> HttpResponse:
    """Answer the work list as CSV."""
    rows = _rows(request, _chosen(request))
    record("measures.export", object_type="measures", payload={"patients": len(rows)})
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["Patient number", "Family name", "Given names", "Measure", "Last taken", "Due", "Score",
         "Next visit"]
    )  # fmt: skip
    for row in rows:
        visit = timezone.localtime(row.next_visit) if row.next_visit else None
        for one in row.due:
            cells = (
                row.patient.number,
                row.patient.family_name,
                row.patient.given_names,
                one.name,
                one.last_on.isoformat(),
                one.due_on.isoformat(),
                plain(one.score),
                f"{visit:%Y-%m-%d %H:%M}" if visit else "",
            )
            writer.writerow([safe_cell(cell) for cell in cells])
    headers = {"Content-Disposition": 'attachment; filename="measures-due.csv"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


@require_safe
@requires(Action.VIEW, Resource.MEASURES)
def library(request: SignedInRequest) -> HttpResponse:
    """Show every measure with its source, its licence and what its scores mean."""
    return render(request, "measures/library.html", {"instruments": all_instruments().values()})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def settings(request: SignedInRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=selectors.clinic_settings())
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "The settings are saved.")
        return redirect("measures:settings")
    usual = selectors.usual_crisis_text(timezone.get_current_timezone_name())
    status = 422 if form.errors else 200
    context = {"form": form, "usual": usual}
    return render(request, "measures/settings.html", context, status=status)


def _chosen(request: SignedInRequest) -> UUID | None:
    """Answer the clinician asked for; without a word, oneself where one is a clinician."""
    asked = request.GET.get("practitioner", "")
    if not asked:
        own = practitioner_of(request.user)
        return own.pk if own else None
    try:
        return UUID(asked)
    except ValueError:
        return None


def _rows(request: SignedInRequest, chosen: UUID | None) -> list[selectors.DueRow]:
    return selectors.work_list(
        request.user, practitioner=chosen, today=timezone.localdate(), now=timezone.now()
    )
