"""Claims to the NDIA: what can be claimed, the files, and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from billing_integrations.ndis import selectors, services
from billing_integrations.ndis.claim_rows import last_day_to_claim
from billing_integrations.ndis.forms import (
    ClaimDetailForm,
    ClaimForm,
    RefusalForm,
    ResultsForm,
)
from billing_integrations.ndis.links import billing_settings_url, invoice_url, mending_url
from billing_integrations.ndis.tables import TableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from billing_integrations.ndis.models import ClaimBatch
    from billing_integrations.ndis.selectors import Candidate
    from clinical.practice.requests import SignedInRequest

SHOWN = 500
SOON_DAYS = 60
"""So long before the two years are over a line is marked."""
UNPROCESSABLE = 422
TABS = (
    ("ndis:claims", "To claim", "list-check"),
    ("ndis:batches", "Files", "file-export"),
    ("ndis:answers", "Answers", "mail-opened"),
)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def claims(request: SignedInRequest) -> HttpResponse:
    """Show what the NDIA owes and can be claimed, and what stands in the way of the rest."""
    return _claims(request)


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def make(request: SignedInRequest) -> HttpResponse:
    """Make the bulk payment request of the chosen lines."""
    ready = selectors.to_claim(timezone.localdate()).ready
    form = ClaimForm(request.POST, ready=[one.line.pk for one in ready])
    if not form.is_valid():
        return _claims(request, problem=" ".join(str(one) for one in form.errors.get("line", [])))
    try:
        made = services.claim_lines(form.chosen(), actor=request.user, at=timezone.now())
    except services.NdisError as error:
        return _claims(request, problem=str(error))
    if len(made) > 1:
        messages.success(request, f"{len(made)} files are made: the portal takes 5,000 rows each.")
        return redirect("ndis:batches")
    messages.success(request, f"{made[0].file_name} is made. Download it and upload it.")
    return redirect("ndis:batch", pk=made[0].pk)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def batches(request: SignedInRequest) -> HttpResponse:
    context = {"batches": selectors.batches(), "tabs": _tabs("ndis:batches")}
    return render(request, "ndis/batches.html", context)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def batch(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a file: its rows, where it stands, what comes next."""
    return _batch(request, selectors.get_batch(request.user, pk))


@require_safe
@requires(Action.EXPORT, Resource.INVOICES)
def download(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer the file as it was made, the same each time."""
    found = selectors.get_batch(request.user, pk)
    record("export", object_type="ndis_claimbatch", object_id=str(found.pk))
    answer = HttpResponse(found.content.encode(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    return answer


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def sent(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _change(request, pk, services.mark_sent, "Now the NDIA's answer is waited for.")


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def withdraw(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _change(
        request, pk, services.withdraw_batch, "Withdrawn: its lines can be claimed anew."
    )


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def refused(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Note that the portal took none of it."""
    form = RefusalForm(request.POST)
    reason = form.cleaned_data["said"] if form.is_valid() else ""
    return _change(
        request,
        pk,
        lambda found, **who: services.note_refusal(found, reason=reason, **who),
        "Noted: its lines can be claimed anew.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.INVOICES)
def line(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Say how one line is claimed."""
    found = selectors.get_line(request.user, pk)
    claim_type, reason = selectors.claim_type_of(found)
    form = ClaimDetailForm(
        request.POST or None, initial={"claim_type": claim_type, "cancellation_reason": reason}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.set_claim_detail(
                found,
                actor=request.user,
                claim_type=form.cleaned_data["claim_type"],
                cancellation_reason=form.cleaned_data["cancellation_reason"],
            )
        except services.NdisError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("ndis:claims")
    context = {"form": form, "line": found, "invoice_url": invoice_url(found.invoice)}
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "ndis/line.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INVOICES)
def answers(request: SignedInRequest) -> HttpResponse:
    """List the answers that were read; read another."""
    form = ResultsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            read = services.read_back(
                given.read(), actor=request.user, file_name=given.name, at=timezone.now()
            )
        except (TableError, ValueError) as error:
            form.add_error("file", str(error))
        else:
            return redirect("ndis:answer", pk=read.pk)
    context = {
        "form": form,
        "results": selectors.results_files(),
        "tabs": _tabs("ndis:answers"),
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "ndis/answers.html", context, status=status)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def answer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    context = {"results": selectors.get_results(request.user, pk), "tabs": _tabs("ndis:answers")}
    return render(request, "ndis/answer.html", context)


def _claims(request: SignedInRequest, *, problem: str = "") -> HttpResponse:
    today = timezone.localdate()
    found = selectors.to_claim(today)
    ready = found.ready
    context: dict[str, Any] = {
        "found": found,
        "ready": [_shown(one, today) for one in ready[:SHOWN]],
        "ready_count": len(ready),
        "more": max(len(ready) - SHOWN, 0),
        "blocked": [_shown(one, today) for one in found.blocked[:SHOWN]],
        "waiting_ready": sum(one.is_ready for one in found.candidates) if found.provider else 0,
        "problem": problem,
        "billing_url": billing_settings_url(),
        "tabs": _tabs("ndis:claims"),
    }
    status = UNPROCESSABLE if problem else 200
    return render(request, "ndis/claims.html", context, status=status)


def _shown(one: Candidate, today: Any) -> dict[str, Any]:
    day = one.row.day
    last = last_day_to_claim(day) if day else None
    return {
        "one": one,
        "url": invoice_url(one.line.invoice),
        "problems": [
            {"words": problem.words, "link": mending_url(problem.where, one.line)}
            for problem in one.problems
        ],
        "last_day": last if last and 0 <= (last - today).days <= SOON_DAYS else None,
    }


def _batch(request: SignedInRequest, found: ClaimBatch) -> HttpResponse:
    lines = selectors.lines_of_batch(found)
    context = {
        "batch": found,
        "lines": [{"claim": one, "url": invoice_url(one.line.invoice)} for one in lines[:SHOWN]],
        "more": max(len(lines) - SHOWN, 0),
        "received": sum(one.paid_cents or 0 for one in lines),
        "rejected": sum(one.state == one.State.REJECTED for one in lines),
        "waiting": sum(one.state == one.State.WAITING for one in lines),
        "is_untouched": all(one.state == one.State.WAITING for one in lines),
        "form": RefusalForm(),
        "tabs": _tabs("ndis:batches"),
    }
    return render(request, "ndis/batch.html", context)


def _change(
    request: SignedInRequest, pk: UUID, change: Callable[..., ClaimBatch], said: str
) -> HttpResponse:
    found = selectors.get_batch(request.user, pk)
    try:
        change(found, actor=request.user, at=timezone.now())
    except services.NdisError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("ndis:batch", pk=pk)


def _tabs(active: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": reverse(name),
            "icon": icon,
            "active": name == active,
            "count": None,
        }
        for name, label, icon in TABS
    ]
