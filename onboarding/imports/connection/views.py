"""Settings → Data management → FileMaker Server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.imports import tasks
from onboarding.imports.connection import selectors, services
from onboarding.imports.connection.forms import ConnectionForm
from onboarding.imports.connection.services import ConnectionUnfitError
from onboarding.imports.runs import ImportRefusedError
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from onboarding.imports.connection.models import FileMakerConnection


def _found(pk: UUID) -> FileMakerConnection:
    connection = selectors.get_connection(pk)
    if connection is None:
        raise Http404("There is no such connection.")
    return connection


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def connection_list(request: HttpRequest) -> HttpResponse:
    """Show the connections; with one of them, that one."""
    connections = list(selectors.list_connections())
    if len(connections) == 1:
        return redirect("connections:detail", pk=connections[0].pk)
    rows = [(connection, selectors.state_of(connection)) for connection in connections]
    return render(request, "imports/connection/list.html", {"rows": rows})


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _detail(request, _found(pk))


def _detail(
    request: HttpRequest, connection: FileMakerConnection, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    readable = selectors.readable_of(connection)
    context: dict[str, Any] = {
        "connection": connection,
        "state": selectors.state_of(connection),
        "report": connection.last_report,
        "readable": readable,
        "read_count": sum(entry["is_read"] for entry in readable),
        "runs": selectors.runs_of(connection),
        "refusal": refusal,
    }
    return render(request, "imports/connection/detail.html", context, status=status)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def create(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _edit(request, _found(pk))


def _edit(request: HttpRequest, connection: FileMakerConnection | None) -> HttpResponse:
    form = ConnectionForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_connection(connection, form.details, actor=current_scope().actor)
        except ConnectionUnfitError as refusal:
            form.add_error("password" if "password" in str(refusal) else None, str(refusal))
        except LiveSourceError as error:
            form.add_error(None, f"{error.message} {error.remedy}")
        else:
            return _try_out(request, saved)
    status = 422 if form.is_bound else 200
    context = {"form": form, "connection": connection}
    return render(request, "imports/connection/edit.html", context, status=status)


def _try_out(request: HttpRequest, connection: FileMakerConnection) -> HttpResponse:
    """Try the connection once this request is kept, and before it is answered.

    No transaction is open while a foreign server takes its time.
    """
    try:
        services.request_trial(connection)
    except ConnectionUnfitError as refusal:
        return _detail(request, connection, refusal=str(refusal), status=409)
    tenant, actor, pk = request.tenant, current_scope().actor, connection.pk  # type: ignore[attr-defined]
    transaction.on_commit(lambda: services.check_connection(tenant, pk, actor=actor))
    return redirect("connections:detail", pk=pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _try_out(request, _found(pk))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def layouts(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose which layouts (or tables) are read."""
    connection = _found(pk)
    problem = ""
    if request.method == "POST":
        by_hand = request.POST.get("choice") == "these"
        names = request.POST.getlist("layout") if by_hand else []
        try:
            services.choose_shown(connection, names, by_hand=by_hand)
        except ConnectionUnfitError as refusal:
            problem = str(refusal)
        else:
            messages.success(request, "Saved. It counts from the next reading on.")
            return redirect("connections:detail", pk=pk)
    context = {
        "connection": connection,
        "readable": selectors.readable_of(connection),
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "imports/connection/layouts.html", context, status=status)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin an import of what the server holds now; its page shows how far it is."""
    connection = _found(pk)
    try:
        run = services.begin_reading(connection, actor=current_scope().actor)
    except ImportRefusedError as refusal:
        return _detail(request, connection, refusal=str(refusal), status=409)
    run_id = str(run.pk)
    transaction.on_commit(lambda: tasks.read_file.delay(run_id))
    return redirect("imports:detail", pk=run.pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    services.disconnect(_found(pk))
    messages.success(request, "Disconnected. The password was deleted; what was imported stays.")
    return redirect("connections:detail", pk=pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    services.remove_connection(_found(pk))
    messages.success(request, "The connection was removed. What was imported stays.")
    return redirect("connections:list")
