"""A patient's reminders and messages as one conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from clinical.messages.forms import TextForm
from clinical.messages.notices import open_notices
from clinical.messages.selectors import conversation_of
from clinical.messages.texting import desk_of
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.patients.timeline import Edge

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "clinic_messages:list"


@require_safe
@requires(Action.VIEW, Resource.MESSAGES)
def conversation(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return conversation_page(request, get_patient(request.user, pk))


def conversation_page(
    request: SignedInRequest, patient: Patient, *, form: TextForm | None = None
) -> HttpResponse:
    """Show the tab; with a form that could not be sent, its errors."""
    record_view(patient, section="messages")
    before = Edge.read(request.GET.get("before", ""))
    page = conversation_of(request.user, patient, before=before)
    url = reverse(TAB, kwargs={"pk": patient.pk})
    context = {
        "turns": page.turns,
        "notices": open_notices(patient.pk) if before is None else [],
        "is_first": before is None,
        "desk": desk_of(patient, now=timezone.now()) if before is None else None,
        "form": form or TextForm(),
        "send_url": reverse("clinic_messages:send", kwargs={"pk": patient.pk}),
        "newest_url": "" if before is None else url,
        "older_url": f"{url}?before={page.older}" if page.older else "",
    }
    status = 422 if form is not None and form.errors else 200
    return record_page(request, patient, "messages/list.html", context, tab=TAB, status=status)
