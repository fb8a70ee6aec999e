"""Settings → Data management: status, bringing up to date, full re-import, history."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import data_status, maintenance, modes, runs, services, tasks
from onboarding.imports.mapping import MappingError
from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.replacing import edited_here, made_by_hand
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.selectors import pace_of, phases_of
from tenants.scope import current_scope

if TYPE_CHECKING:
    from django.http import HttpRequest

State = ImportRun.State


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is here, what came in last, and what can be done."""
    working = data_status.run_at_work()
    context = {
        "status": data_status.data_status(),
        "last": data_status.last_loaded_run(),
        "working": working,
        "pace": pace_of(working) if working else None,
        "phases": phases_of(working) if working else (),
        "history": data_status.history(),
        "connections": data_status.connections(),
        "sources": data_status.readable_sources(),
        "export_url": reverse("takeout:list"),
    }
    return render(request, "imports/data/overview.html", context)


@require_safe
@requires(Action.VIEW, Resource.ACCOUNT)
def notice(request: HttpRequest) -> HttpResponse:
    """Answer the banner about an import at work; empty once it has ended."""
    banner = maintenance.banner(request)
    if banner is None:
        return HttpResponse("")
    return render(request, "ui/shell/banner.html", {"banner": banner})


def _found_source(text: str) -> ImportSource:
    try:
        source = ImportSource.objects.filter(pk=UUID(text)).first()
    except ValueError:
        source = None
    if source is None:
        raise Http404("There is no such file.")
    return source


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def preview(request: HttpRequest) -> HttpResponse:
    """Run a file that is here dry, with the mapping that was confirmed for it."""
    source = _found_source(request.POST.get("source", ""))
    try:
        with transaction.atomic():
            run = _prepared(source, ImportRun.Mode.UPDATE, ImportRun.ByHand.KEEP)
    except (ImportRefusedError, MappingError) as refusal:
        return _refused(request, "import.preview", str(refusal))
    return redirect("imports:detail", pk=run.pk)


def _prepared(source: ImportSource, mode: str, by_hand: str) -> ImportRun:
    """Begin a run with the confirmed mapping and queue its dry run."""
    actor = current_scope().actor
    run = runs.begin_run(source, actor=actor, mode=mode, by_hand=by_hand)
    if run.state != State.PROFILED:
        return run
    run.mapping = services.fitting_mapping(source)
    run.save(update_fields=["mapping"])
    services.save_mapping(run, services.proposed_spec(run), actor=actor)
    services.request_step(run.pk, State.CHECKING)
    run_id = str(run.pk)
    transaction.on_commit(lambda: tasks.check_run.delay(run_id))
    return run


def _refused(request: HttpRequest, action: str, why: str) -> HttpResponse:
    record_event(action, object_type="imports_importrun", result="refused")
    context = {
        "refusal": why,
        "status": data_status.data_status(),
        "history": data_status.history(),
    }
    return render(request, "imports/data/overview.html", context, status=409)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def replace(request: HttpRequest) -> HttpResponse:
    """Say what a full re-import does, ask for the clinic's name, and begin with its dry run."""
    sources = data_status.readable_sources()
    if request.method != "POST":
        return _replace_page(request, sources)
    source = _found_source(request.POST.get("source", ""))
    by_hand = request.POST.get("by_hand", "")
    if by_hand not in ImportRun.ByHand.values:
        by_hand = ImportRun.ByHand.KEEP
    try:
        if not modes.is_confirmed(request.tenant, request.POST.get("typed", "")):  # type: ignore[attr-defined]
            raise modes.NotConfirmedError(request.tenant)  # type: ignore[attr-defined]
        with transaction.atomic():
            run = _prepared(source, ImportRun.Mode.REPLACE, by_hand)
    except (ImportRefusedError, MappingError) as refusal:
        record_event(
            "import.replace",
            object_type="imports_importsource",
            object_id=str(source.pk),
            result="refused",
        )
        return _replace_page(
            request, sources, refusal=str(refusal), chosen=source, by_hand=by_hand, status=422
        )
    record_event(
        "import.replace",
        object_type="imports_importrun",
        object_id=str(run.pk),
        payload={"by_hand": by_hand},
    )
    return redirect("imports:detail", pk=run.pk)


def _replace_page(
    request: HttpRequest,
    sources: object,
    *,
    refusal: str = "",
    chosen: ImportSource | None = None,
    by_hand: str = ImportRun.ByHand.KEEP,
    status: int = 200,
) -> HttpResponse:
    last = data_status.last_loaded_run()
    key = chosen.key if chosen else last.source.key if last else ""
    context = {
        "sources": sources,
        "chosen": chosen,
        "last": last,
        "refusal": refusal,
        "by_hand": by_hand,
        "own": made_by_hand(key) if key else (),
        "edited": edited_here(key) if key else 0,
        "status": data_status.data_status(),
    }
    return render(request, "imports/data/replace.html", context, status=status)
