"""“As it was”: one record at a moment of the clinic's clock, beside what it is now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from clinical.patients.pages import record_page
from clinical.patients.services import record_view
from clinical.rights import selectors
from clinical.rights.forms import MomentForm
from clinical.rights.moments import records_then, shown_at

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

TAB = "rights:as_it_was"


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def as_it_was(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the record as it stood; without a moment, ask for one."""
    patient = selectors.record_then(request.user, pk)
    asked = request.GET if "date" in request.GET else None
    yesterday = timezone.localtime() - timedelta(days=1)
    form = MomentForm(asked, initial={"date": yesterday.date(), "time": yesterday.time()})
    context: dict[str, object] = {"form": form, "sections": None, "others": records_then(patient)}
    if form.is_bound and form.is_valid():
        at = timezone.make_aware(
            datetime.combine(form.cleaned_data["date"], form.cleaned_data["time"])
        )
        if at > timezone.now():
            form.add_error(None, "This moment has not come yet.")
        else:
            record_view(patient, section=f"as it was at {at:%Y-%m-%d %H:%M}")
            sections = shown_at(patient.pk, at)
            context |= {
                "at": at,
                "sections": sections,
                "changed": sum(section.changed for section in sections),
            }
    status = 422 if form.is_bound and form.errors else 200
    return record_page(request, patient, "rights/as_it_was.html", context, tab=TAB, status=status)
