"""The waiting list's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments import waiting
from clinical.appointments.forms import WaitingForm
from clinical.appointments.models import WaitingEntry
from clinical.practice.models import RosterHours

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def entries(request: SignedInRequest) -> HttpResponse:
    """List who waits."""
    days = dict(RosterHours.Weekday.choices)
    rows = [
        {
            "entry": entry,
            "days": ", ".join(str(days[day])[:3] for day in sorted(entry.weekdays)),
            "points": entry.patient.points_in_order(),
        }
        for entry in waiting.open_entries(request.user, today=timezone.localdate())
    ]
    return render(request, "appointments/waiting.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.APPOINTMENTS)
def new(request: SignedInRequest) -> HttpResponse:
    form = WaitingForm(
        request.POST or None,
        actor=request.user,
        initial={"patient": request.GET.get("patient"), "priority": 2},
    )
    if request.method == "POST" and form.is_valid():
        waiting.add_entry(actor=request.user, **form.cleaned_data)
        messages.success(request, "On the waiting list.")
        return redirect("appointments:waiting")
    context = {"form": form, "patient": form.chosen_patient()}
    status = 422 if request.method == "POST" else 200
    return render(request, "appointments/waiting_edit.html", context, status=status)


@require_POST
@requires(Action.CHANGE, Resource.APPOINTMENTS)
def settle(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take an entry off the list; the page offers the way back."""
    found = WaitingEntry.objects.select_related("patient")
    entry = get_object_or_404(found, pk=pk)
    is_open = request.POST.get("action") == "back"
    waiting.set_open(entry, actor=request.user, is_open=is_open)
    if is_open:
        messages.success(request, f"{entry.patient.full_name} waits again.")
        return redirect("appointments:waiting")
    return render(request, "appointments/waiting_done.html", {"entry": entry})
