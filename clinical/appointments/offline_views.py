"""Today's sheet as a device keeps it for when the network is away: what the day is run by, and no more.

No phones, notes, alerts or links to records: whoever opens the device reads it without signing in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments import selectors
from clinical.appointments.diary import title_of
from clinical.appointments.statuses import LOOKS, TAKES_NO_TIME
from clinical.appointments.templatetags.appointments import span
from clinical.practice.clock import today_at, zone_of
from ui.pwa import kept_response

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.appointments.selectors import Visit
    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def kept_day(request: SignedInRequest) -> HttpResponse:
    """Show today, read-only and with the time it was made."""
    now = timezone.now()
    zone = zone_of(None)
    sheet = selectors.day_sheet(request.user, today_at(zone, now))
    columns = [
        {"who": column.practitioner, "rows": [_row(visit) for visit in column.visits]}
        for column in sheet.columns
    ]
    page = render(
        request,
        "appointments/kept_day.html",
        {
            "day": sheet.day,
            "columns": columns,
            "has_places": len(sheet.locations) > 1,
            "now": now,
            "as_of": now.astimezone(zone),
        },
    )
    return kept_response(request, page)


def _row(visit: Visit) -> dict[str, Any]:
    item = visit.appointment
    has_status = item.patient_id is not None or item.is_group
    return {
        "time": f"{span(visit)} {visit.starts.tzname() if visit.is_foreign else ''}".strip(),
        "title": title_of(item) if has_status else "Blocked",
        "type": item.appointment_type.name if item.appointment_type else "",
        "place": str(item.location) if item.location else "",
        "status": LOOKS[item.status].label if has_status else "",
        "is_off": item.status in TAKES_NO_TIME,
        "attending": [one.patient.full_name for one in visit.attending if one.patient],
    }
