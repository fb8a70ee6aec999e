from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.storage import services
from billing_integrations.storage.models import StorageMove
from billing_integrations.storage.places import LEFT, connection_in_use

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def settings_page(request: SignedInRequest) -> HttpResponse:
    """Show where the clinic's files are kept, and move them."""
    connection = connection_in_use()
    context = {
        "connection": connection,
        "is_left": bool(connection and connection.options.get(LEFT)),
        "moves": StorageMove.objects.all()[:5],
        "running": _running(),
    }
    return render(request, "clinic_storage/settings.html", context)


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def progress(request: SignedInRequest) -> HttpResponse:
    """Answer how far the move has come; the page asks until it has ended."""
    return render(request, "clinic_storage/_progress.html", {"running": _running()})


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def move(request: SignedInRequest) -> HttpResponse:
    """Begin to move all files, there or back."""
    is_back = request.POST.get("direction") == StorageMove.Direction.OUT
    direction = StorageMove.Direction.OUT if is_back else StorageMove.Direction.IN
    try:
        services.start_move(direction, actor=request.user, at=timezone.now())
    except services.MoveError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The files are being moved. They can be used all the while.")
    return redirect("clinic_storage:settings")


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def stop(request: SignedInRequest) -> HttpResponse:
    """Leave the files where they stand now."""
    running = _running()
    if running is not None:
        services.stop_move(running, actor=request.user, at=timezone.now())
        messages.success(request, "Stopped. Every file is whole in one of the two places.")
    return redirect("clinic_storage:settings")


def _running() -> StorageMove | None:
    return StorageMove.objects.filter(state=StorageMove.State.RUNNING).first()
