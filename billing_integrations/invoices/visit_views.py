"""Visits that are to be charged: one click for one, choose, look and make for many."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.invoices import listing, services
from billing_integrations.invoices.forms import ChooseForm
from billing_integrations.invoices.models import Invoice, InvoiceBatch
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.invoices.rules import visible_bills
from billing_integrations.invoices.services.batches import AT_ONCE, ask_for_batch, make_next
from billing_integrations.invoices.services.charging import RELATED, propose
from billing_integrations.invoices.tasks import run_batch
from clinical.appointments.models import Appointment
from clinical.patients.rules import visible_patients
from clinical.practice.models import Location
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from billing_integrations.invoices.services import Proposal
    from clinical.practice.requests import SignedInRequest

MOST = 400
"""Visits on one page; narrower days show the rest."""


def _visit(request: SignedInRequest, pk: UUID) -> Appointment:
    visits = Appointment.objects.filter(patient__in=visible_patients(request.user))
    return get_object_or_404(visits.select_related("patient"), pk=pk)


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def charge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Invoice one visit, from wherever it is seen; a payer in doubt leaves it a draft."""
    visit = _visit(request, pk)
    try:
        with transaction.atomic():
            (invoice,) = services.charge_visits([visit], actor=request.user)
            (proposal,) = propose([invoice.lines.select_related("appointment").get().appointment])  # type: ignore[list-item]
            if not proposal.payer.doubt and request.POST.get("as") != "draft":
                invoice = services.issue_invoice(invoice, actor=request.user)
    except services.AlreadyChargedError as error:
        messages.info(request, str(error))
        line = visit.invoice_lines.exclude(invoice__state=Invoice.State.VOID).first()
        return redirect("invoices:detail", pk=line.invoice_id) if line else _back(visit)
    except services.InvoiceError as error:
        messages.error(request, f"{error} Nothing was invoiced.")
        return _back(visit)
    if invoice.is_draft:
        words = proposal.payer.doubt or "Look it over, then issue it."
        messages.warning(request, f"A draft is made. {words}")
    else:
        messages.success(request, f"Invoice {invoice.number} is issued.")
    return redirect("invoices:detail", pk=invoice.pk)


def _back(visit: Appointment) -> HttpResponse:
    return redirect("invoices:list", pk=visit.patient_id)


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def waive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Say that a visit is not to be charged, or take that back."""
    visit = _visit(request, pk)
    if request.POST.get("back"):
        services.charge_after_all(visit, actor=request.user)
        messages.success(request, "It is to be charged after all.")
    else:
        services.waive_visit(visit, actor=request.user, reason=request.POST.get("reason", "")[:300])
        messages.success(request, "It will not be charged.")
    return redirect("invoices:to_charge") if request.POST.get("next") == "list" else _back(visit)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INVOICES)
def to_charge(request: SignedInRequest) -> HttpResponse:
    """List what is to be charged (GET); show what would be made of the chosen ones (POST)."""
    if request.method == "POST":
        return _preview(request)
    form = ChooseForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    since, until = asked.get("since"), asked.get("until")
    visits = listing.visits_to_charge(request.user, since=since, until=until)
    if asked.get("location"):
        visits = visits.filter(location=asked["location"])
    found = list(visits.select_related(*RELATED)[: MOST + 1])
    proposals = [one for one in propose(found[:MOST]) if one.charge or not _is_off(one)]
    context = {
        "form": form,
        "proposals": proposals,
        "since": since or listing.charged_since(),
        "until": until or timezone.localdate(),
        "yesterday": timezone.localdate() - timedelta(days=1),
        "locations": list(Location.objects.filter(is_active=True)),
        "location": asked.get("location"),
        "is_cut": len(found) > MOST,
        "most": MOST,
        "total_cents": sum(one.cents for one in proposals),
    }
    return render(request, "invoices/to_charge.html", context)


def _is_off(proposal: Proposal) -> bool:
    """Answer whether it did not take place, and no rule asks for a fee."""
    return proposal.visit.status != Appointment.Status.COMPLETED and proposal.rule is None


def _chosen(request: SignedInRequest) -> list[Appointment]:
    ids = []
    for text in request.POST.getlist("visit")[: MOST + 1]:
        with contextlib.suppress(ValueError):
            ids.append(UUID(text))
    visits = listing.visits_to_charge(
        request.user, since=timezone.localdate() - timedelta(days=3650)
    )
    return list(visits.filter(pk__in=ids).select_related(*RELATED).order_by("starts_at", "pk"))


def _groups(proposals: Sequence[Proposal], *, one_each: bool) -> list[list[Proposal]]:
    groups: dict[Any, list[Proposal]] = {}
    for one in proposals:
        if one.charge:
            groups.setdefault(one.visit.pk if one_each else one.key, []).append(one)
    return list(groups.values())


def _preview(request: SignedInRequest) -> HttpResponse:
    visits = _chosen(request)
    one_each = bool(request.POST.get("one_each"))
    proposals = propose(visits)
    groups = _groups(proposals, one_each=one_each)
    if request.POST.get("make") and groups:
        return _make(request, groups)
    if not groups:
        messages.error(request, "Choose at least one visit that has a price.")
        return redirect("invoices:to_charge")
    context = {
        "groups": [
            {"first": group[0], "proposals": group, "cents": sum(one.cents for one in group)}
            for group in groups
        ],
        "left_out": [one for one in proposals if one.charge is None],
        "doubts": sum(1 for group in groups if group[0].payer.doubt),
        "one_each": one_each,
        "total_cents": sum(one.cents for one in proposals),
        "count": sum(len(group) for group in groups),
    }
    return render(request, "invoices/preview.html", context)


def _make(request: SignedInRequest, groups: list[list[Proposal]]) -> HttpResponse:
    try:
        batch = ask_for_batch(
            [[one.visit.pk for one in group] for group in groups],
            actor=request.user,
            is_issuing=bool(request.POST.get("issue")),
            is_mailing=bool(request.POST.get("mail")),
        )
    except services.InvoiceError as error:
        messages.error(request, str(error))
        return redirect("invoices:to_charge")
    if batch.total <= AT_ONCE:
        make_next(batch.pk, prices=PriceBook.read(), most=AT_ONCE)
    else:
        scope = current_scope()
        start = partial(run_batch.delay_for, scope.tenant_id, str(batch.pk))
        transaction.on_commit(start, using=scope.alias, robust=True)
    return redirect("invoices:batch", pk=batch.pk)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def batch(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(InvoiceBatch, pk=pk)
    is_part = request.headers.get("HX-Request") == "true"
    context = _batch_context(request, found)
    return render(request, "invoices/_batch.html" if is_part else "invoices/batch.html", context)


def _batch_context(request: SignedInRequest, found: InvoiceBatch) -> dict[str, Any]:
    bills = visible_bills(request.user).filter(batch=found)
    invoices = list(bills.select_related("patient", "contact").order_by("pk")[:500])
    ids = [visit for problem in found.problems for visit in problem["visits"]]
    visits = {
        str(visit.pk): visit
        for visit in Appointment.objects.filter(pk__in=ids).select_related("patient")
    }
    return {
        "batch": found,
        "invoices": invoices,
        "total_cents": sum(one.total_cents for one in invoices),
        "problems": [
            {"visit": visits.get(problem["visits"][0]), "words": problem["words"]}
            for problem in found.problems
        ],
    }
