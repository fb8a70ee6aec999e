"""What patients are told by e-mail: the clinic's switch, and what waits or went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, Resource, allows, requires
from clinical.messages import notices
from clinical.messages.forms import NoticeSettingsForm
from clinical.messages.models import PatientNotice
from connections.mailbox import current_mailbox

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

FAILED_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def settings_page(request: SignedInRequest) -> HttpResponse:
    """Show the switch with what could not be told, and take the changed settings."""
    now = notices.current_settings()
    initial = {"is_on": now.is_on, "phone": now.phone, "reply_to": now.reply_to}
    form = NoticeSettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        kept = notices.change_settings(actor=request.user, **form.cleaned_data)
        said = (
            "Patients are told from now on." if kept.is_on else "Patients are not told by e-mail."
        )
        messages.success(request, said)
        return redirect("clinic_messages:settings")
    failed = PatientNotice.objects.none()
    if allows(request.user, Action.VIEW, Resource.MESSAGES):
        failed = PatientNotice.objects.filter(state=PatientNotice.State.FAILED)
    rows = failed.select_related("patient", "appointment", "appointment__location")
    context = {
        "form": form,
        "is_on": now.is_on,
        "mailbox": current_mailbox(),
        "failed": rows.order_by("-changed_at")[:FAILED_SHOWN],
    }
    return render(request, "messages/settings.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Action.CHANGE, Resource.MESSAGES)
def settle(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Leave a patient untold, or try once more."""
    notice = get_object_or_404(PatientNotice.objects.select_related("patient"), pk=pk)
    act = notices.tell_again if request.POST.get("action") == "again" else notices.drop
    try:
        act(notice, actor=request.user, at=timezone.now())
    except notices.NoticeError as error:
        messages.error(request, str(error))
    else:
        is_again = act is notices.tell_again
        messages.success(
            request, "It goes out within a minute." if is_again else "Not told by e-mail."
        )
    return redirect("clinic_messages:list", pk=notice.patient_id)
