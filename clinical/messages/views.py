"""A patient's reminders and messages as one conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from clinical.messages.notices import open_notices
from clinical.messages.selectors import conversation_of
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.patients.timeline import Edge

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

TAB = "clinic_messages:list"


@require_safe
@requires(Action.VIEW, Resource.MESSAGES)
def conversation(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    record_view(patient, section="messages")
    before = Edge.read(request.GET.get("before", ""))
    page = conversation_of(request.user, patient, before=before)
    url = reverse(TAB, kwargs={"pk": patient.pk})
    context = {
        "turns": page.turns,
        "notices": open_notices(patient.pk) if before is None else [],
        "is_first": before is None,
        "newest_url": "" if before is None else url,
        "older_url": f"{url}?before={page.older}" if page.older else "",
    }
    return record_page(request, patient, "messages/list.html", context, tab=TAB)
