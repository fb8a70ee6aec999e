"""The pages of the mapping: its fields, the values to decide, its versions, and it as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import lookups, mapping_versions, preview, services, tasks
from onboarding.imports.mapping import MappingError
from onboarding.imports.mapping_form import MappingForm
from onboarding.imports.models import ImportRun
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.targets import ENTITIES
from onboarding.imports.views import begin_step, found_run, run_page
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpRequest

    from onboarding.imports.lookups import LookupGroup

State = ImportRun.State
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc"))


def _mapped_run(pk: UUID) -> ImportRun:
    run = found_run(pk)
    if "suggestion" not in run.source.profile:
        raise Http404("This file has not been read yet.")
    return run


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def mapping(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Edit and confirm what becomes of each field; confirming goes on to the dry run."""
    run = found_run(pk)
    if "suggestion" not in run.source.profile or run.is_working:
        return redirect("imports:detail", pk=pk)
    form = MappingForm(run.source, services.proposed_spec(run))
    if request.method != "POST":
        return _mapping_page(request, run, form)
    try:
        form = MappingForm(run.source, form.read(request.POST.dict()))
        services.save_mapping(run, form.spec, actor=current_scope().actor)
    except (MappingError, ImportRefusedError) as error:
        return _mapping_page(request, run, form, problem=str(error), status=422)
    if request.POST.get("then") == "values":
        return redirect("imports:values", pk=pk)
    if request.POST.get("then") == "stay":
        messages.success(request, "The mapping was saved.")
        return redirect("imports:mapping", pk=pk)
    return begin_step(request, run, State.CHECKING, tasks.check_run)


def _mapping_page(
    request: HttpRequest, run: ImportRun, form: MappingForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    decided, of = lookups.progress_of(lookups.lookup_groups(run.source, form.spec))
    return run_page(
        request,
        run,
        "mapping",
        form=form,
        tables=form.tables(problems=bool(problem)),
        problem=problem,
        status=status,
        entities=ENTITIES.values(),
        zones=ZONES,
        options=form.spec.options,
        step=3,
        empty_tables=form.empty_tables(),
        differences=mapping_versions.schema_difference(run, form.spec),
        decided=decided,
        to_decide=of,
    )


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def mapping_table(request: HttpRequest, pk: UUID, table_id: int) -> HttpResponse:
    """Answer one table of the editor anew, suggested for what it is now taken for."""
    run = _mapped_run(pk)
    form = MappingForm(run.source, services.proposed_spec(run))
    try:
        sent = request.POST.dict()
        wanted = sent.pop(f"t{table_id}", "")
        form = MappingForm(run.source, form.read(sent)).with_entity(table_id, wanted)
        row = form.table_row(table_id, anew=True)
    except MappingError as error:
        raise Http404(str(error)) from error
    context = {"run": run, "table": row, "entities": ENTITIES.values(), "open": True}
    return render(request, "imports/_mapping_table.html", context)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def mapping_field(request: HttpRequest, pk: UUID, table_id: int, field_id: int) -> HttpResponse:
    """Answer how one field is read, with examples made by the rule as it stands on the page."""
    run = _mapped_run(pk)
    form = MappingForm(run.source, services.proposed_spec(run))
    sent, problem = request.POST.dict(), ""
    try:
        form = MappingForm(run.source, form.read(sent))
    except MappingError as error:
        problem = str(error)
    try:
        panel = form.panel(table_id, field_id)
    except MappingError as error:
        raise Http404(str(error)) from error
    examples = preview.examples_of(run.source, form.spec, table_id, field_id)
    context = {"run": run, "panel": panel, "examples": examples, "problem": problem,
               "table_id": table_id, "field_id": field_id}  # fmt: skip
    return render(request, "imports/_mapping_field.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def values(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Decide, word by word, what stands for a clinic, clinician, type or payer."""
    run = found_run(pk)
    if "suggestion" not in run.source.profile or run.is_working:
        return redirect("imports:detail", pk=pk)
    spec = services.proposed_spec(run)
    groups = lookups.lookup_groups(run.source, spec)
    if request.method != "POST":
        return _values_page(request, run, groups)
    spec = lookups.read_decisions(spec, groups, request.POST.dict())
    if "accept" in request.POST:
        spec = lookups.accept_suggestions(spec, lookups.lookup_groups(run.source, spec))
    try:
        services.save_mapping(run, spec, actor=current_scope().actor)
    except (MappingError, ImportRefusedError) as error:
        groups = lookups.lookup_groups(run.source, spec)
        return _values_page(request, run, groups, problem=str(error), status=422)
    if request.POST.get("then") == "check":
        return begin_step(request, run, State.CHECKING, tasks.check_run)
    messages.success(request, "The decisions were saved with the mapping.")
    return redirect("imports:values", pk=pk)


def _values_page(
    request: HttpRequest,
    run: ImportRun,
    groups: Sequence[LookupGroup],
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    decided, of = lookups.progress_of(groups)
    return run_page(
        request, run, "values", groups=groups, decided=decided, to_decide=of, problem=problem,
        status=status, step=3,
    )  # fmt: skip


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def mapping_versions_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List the versions of this mapping; with two numbers, show what differs between them."""
    run = _mapped_run(pk)
    versions = mapping_versions.versions_of(run)
    known = [version.mapping.version for version in versions]
    wanted = [_number(request.GET.get(name, "")) for name in ("from", "to")]
    one = wanted[0] or (known[1] if len(known) > 1 else 0)
    other = wanted[1] or (known[0] if known else 0)
    return run_page(
        request,
        run,
        "mapping_versions",
        versions=versions,
        one=one,
        other=other,
        changes=mapping_versions.compare(run, one, other) if one and other else None,
        may_go_back=not run.is_working,
        step=3,
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0  # noqa: PLR2004 - no such version


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def mapping_restore(request: HttpRequest, pk: UUID, version: int) -> HttpResponse:
    """Make an earlier version the newest."""
    run = _mapped_run(pk)
    try:
        made = mapping_versions.go_back_to(run, version, actor=current_scope().actor)
    except (MappingError, ImportRefusedError) as error:
        messages.error(request, str(error))
        return redirect("imports:mapping_versions", pk=pk)
    messages.success(request, f"Version {version} is used again, as version {made.version}.")
    return redirect("imports:mapping", pk=pk)


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def mapping_file(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001
    """Download the mapping, for another clinic with the same solution."""
    run = _mapped_run(pk)
    text = mapping_versions.as_file(run.source, services.proposed_spec(run))
    record_event("import.mapping_file", object_type="imports_importrun", object_id=str(run.pk))
    return HttpResponse(
        text,
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="filemaker-mapping.json"'},
    )


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def mapping_upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a mapping that was saved from another clinic's import; it becomes a new version."""
    run = _mapped_run(pk)
    sent = request.FILES.get("file")
    try:
        if sent is None or (sent.size or 0) > mapping_versions.MOST_BYTES:
            raise MappingError("Choose a mapping that was saved from this page.")  # noqa: TRY301
        spec = mapping_versions.from_file(run.source, sent.read())
        made = services.save_mapping(run, spec, actor=current_scope().actor)
    except (MappingError, ImportRefusedError) as error:
        messages.error(request, str(error))
        return redirect("imports:mapping_versions", pk=pk)
    messages.success(
        request, f"The mapping was taken over as version {made.version}. Look it over."
    )
    return redirect("imports:mapping", pk=pk)
