"""Settings → Data → Export: ask for everything, see it being written, fetch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from onboarding.takeout import services
from onboarding.takeout.contents import exported_tables
from onboarding.takeout.links import BadLinkError, check_link, sign_link
from onboarding.takeout.models import Takeout
from tenants.storage import BLOCK, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from clinical.practice.requests import SignedInRequest
    from tenants.storage import Stream

LISTED = 50


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.EXPORT, Resource.IMPORTS)
def takeouts(request: SignedInRequest) -> HttpResponse:
    """List the exports; a POST asks for another."""
    problem = ""
    if request.method == "POST":
        try:
            with transaction.atomic():
                takeout = services.ask_for_takeout(
                    actor=request.user,
                    with_files=bool(request.POST.get("with_files")),
                    with_mark=bool(request.POST.get("with_mark")),
                )
                services.hand_over(takeout, request.tenant, actor=request.user)
        except services.TakeoutError as error:
            problem = str(error)
        else:
            return redirect("takeout:list")
    found = list(Takeout.objects.all()[:LISTED])
    context = {
        "takeouts": found,
        "working": next((takeout for takeout in found if takeout.is_working), None),
        "problem": problem,
        "tables": len(exported_tables()),
    }
    return render(request, "takeout/list.html", context, status=409 if problem else 200)


def _found(pk: UUID) -> Takeout:
    return get_object_or_404(Takeout, pk=pk)


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def progress(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer how far an export is; when it has ended the page comes anew."""
    takeout = _found(pk)
    if not takeout.is_working:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "takeout/_progress.html", {"takeout": takeout})


@require_POST
@requires(Action.EXPORT, Resource.IMPORTS)
def link(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Make an address that is good for two minutes, and go there."""
    takeout = _found(pk)
    if takeout.state != Takeout.State.READY:
        raise Http404("There is no file.")
    token = sign_link(takeout, actor=request.user)
    return redirect("takeout:download", pk=pk, token=token)


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def download(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Answer the file to whom its address was made for."""
    takeout = _found(pk)
    if takeout.state != Takeout.State.READY:
        raise Http404("There is no file.")
    try:
        check_link(token, takeout, actor=request.user)
    except BadLinkError as error:
        messages.warning(request, str(error))
        return redirect("takeout:list")
    services.note_download(takeout)
    stream = clinic_storage().stream(takeout.storage_key)
    response = StreamingHttpResponse(_blocks(stream), content_type="application/zip")
    response.headers["Content-Length"] = str(takeout.size)
    day = timezone.localtime(takeout.finished_at)
    response.headers["Content-Disposition"] = (
        f'attachment; filename="everything-{day:%Y-%m-%d}.zip"'
    )
    return response


def _blocks(stream: Stream) -> Iterator[bytes]:
    try:
        while block := stream.read(BLOCK):
            yield block
    finally:
        stream.close()


@require_POST
@requires(Action.EXPORT, Resource.IMPORTS)
def delete(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Delete the file of an export."""
    try:
        services.delete_takeout(_found(pk), actor=request.user)
    except services.TakeoutError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The export was deleted.")
    return redirect("takeout:list")
