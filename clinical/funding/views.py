"""NDIS plans of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.contacts.selectors import OFFERED, list_contacts
from clinical.funding import selectors, services
from clinical.funding.forms import PlanForm, budget_forms
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.funding.models import NdisPlan
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "funding:list"


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def plan_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the plans, the newest first, with their budgets."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="ndis")
    today = timezone.localdate()
    plans = selectors.plans_of(request.user, patient)
    lines = selectors.lines_by_plan(plans)
    context = {
        "plans": [
            {
                "plan": plan,
                "lines": lines[plan.pk],
                "runs": plan.starts_on <= today <= plan.ends_on,
                "days": (plan.ends_on - today).days,
                "is_ahead": plan.starts_on > today,
            }
            for plan in plans
        ],
        "is_counted": selectors.is_spending_counted(),
        "soon": selectors.SOON_DAYS,
    }
    return record_page(request, patient, "funding/list.html", context, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    form = PlanForm(request.POST or None, patient=patient)
    budgets = budget_forms(request.POST or None)
    if request.method == "POST" and form.is_valid() and budgets.is_valid():
        try:
            services.add_plan(
                patient, actor=request.user, fields=form.columns(), budgets=_columns(budgets)
            )
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The plan is added.")
            return redirect("funding:list", pk=patient.pk)
    return _form_page(request, patient, form, budgets)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    plan = selectors.get_plan(request.user, pk)
    form = PlanForm(request.POST or None, instance=plan, patient=plan.patient)
    budgets = budget_forms(request.POST or None, plan)
    if request.method == "POST" and form.is_valid() and budgets.is_valid():
        try:
            services.change_plan(
                plan,
                actor=request.user,
                seen=form.seen_at(),
                fields=form.columns(),
                budgets=_columns(budgets),
            )
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("funding:list", pk=plan.patient_id)
    return _form_page(request, plan.patient, form, budgets, plan)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def remove(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take away a plan that was entered by mistake."""
    plan = selectors.get_plan(request.user, pk)
    patient_id = plan.patient_id
    services.remove_plan(plan, actor=request.user)
    messages.success(request, "The plan is removed.")
    return redirect("funding:list", pk=patient_id)


def _columns(budgets: Any) -> list[dict[str, Any]]:
    return [columns for form in budgets.forms if (columns := form.columns())]


def _form_page(
    request: SignedInRequest,
    patient: Patient,
    form: PlanForm,
    budgets: Any,
    plan: NdisPlan | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "budgets": budgets,
        "plan": plan,
        "chosen": form.chosen(),
        "offered": list_contacts("", kind="plan_manager", size=OFFERED).contacts,
    }
    status = 422 if request.method == "POST" else 200
    return record_page(request, patient, "funding/edit.html", context, tab=TAB, status=status)
