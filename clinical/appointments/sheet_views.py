"""The day as a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from clinical.appointments import selectors
from clinical.appointments.diary_forms import SheetForm
from clinical.appointments.sheet import sheet_pdf
from clinical.practice.clock import today_at, zone_of

if TYPE_CHECKING:
    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def sheet(request: SignedInRequest) -> HttpResponse:
    """Answer a day of one location or clinician; `initials` leaves out whatever names a patient."""
    wanted = SheetForm(request.GET).asked()
    now, location = timezone.now(), wanted["location"]
    day = wanted["date"] or today_at(zone_of(location), now)
    found = selectors.day_sheet(request.user, day, location=location)
    patients = [
        visit.appointment.patient
        for column in found.columns
        for visit in column.visits
        if visit.appointment.patient
    ]
    prefetch_related_objects(patients, "contact_points")
    with_names = not wanted["initials"]
    content = sheet_pdf(
        found,
        actor=request.user,
        clinic=request.tenant,
        location=location,
        practitioner=wanted["practitioner"],
        now=now,
        with_names=with_names,
    )
    record(
        "appointments.day_sheet",
        object_type="appointments_appointment",
        payload={"day": day.isoformat(), "with_names": with_names},
    )
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="day-{day.isoformat()}.pdf"'
    return answer
