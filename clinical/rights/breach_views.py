"""The register of data breaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.rights import breaches, selectors
from clinical.rights.forms import BreachForm, StepForm
from clinical.rights.models import Breach
from clinical.rights.policy import policy_of
from clinical.rights.printing import breach_statement

if TYPE_CHECKING:
    from uuid import UUID

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def breach_list(request: SignedInRequest) -> HttpResponse:
    policy = policy_of(request.tenant)
    labels = {step.key: step.label for step in policy.breach_steps}
    found = [(breach, labels.get(breach.state, breach.state)) for breach in Breach.objects.all()]
    context = {"breaches": found, "policy": policy, "today": timezone.localdate()}
    return render(request, "rights/breaches.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.PRIVACY)
def new(request: SignedInRequest) -> HttpResponse:
    policy = policy_of(request.tenant)
    form = BreachForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        try:
            breach = breaches.open_breach(
                actor=request.user, at=timezone.now(), found_on=fields.pop("found_on"),
                policy=policy, fields=fields,
            )  # fmt: skip
        except breaches.BreachError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Assess it by {breach.due_on:%-d %B}.")
            return redirect("rights:breach", pk=breach.pk)
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(
        request, "rights/new_breach.html", {"form": form, "policy": policy}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PRIVACY)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a breach; a POST changes what is known of it."""
    breach: Breach = selectors.get_of_clinic(request.user, Breach, pk)
    form = BreachForm(request.POST or None, breach=breach)
    if request.method == "POST" and form.is_valid():
        try:
            breaches.change_breach(breach, actor=request.user, fields=form.cleaned_data)
        except breaches.BreachError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("rights:breach", pk=pk)
    return _page(request, breach, form=form)


@require_POST
@requires(Action.CHANGE, Resource.PRIVACY)
def step(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Note a step."""
    breach: Breach = selectors.get_of_clinic(request.user, Breach, pk)
    policy = policy_of(request.tenant)
    form = StepForm(request.POST, policy=policy)
    if form.is_valid():
        data = form.cleaned_data
        try:
            breaches.take_step(
                breach, data["key"], actor=request.user, at=timezone.now(), on=data["on"],
                policy=policy, words=data["words"],
            )  # fmt: skip
        except breaches.BreachError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Noted.")
            return redirect("rights:breach", pk=pk)
    return _page(request, breach, step_form=form)


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer the statement for the regulator and the people."""
    breach: Breach = selectors.get_of_clinic(request.user, Breach, pk)
    made = breach_statement(breach, tenant=request.tenant, policy=policy_of(request.tenant))
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="data-breach-statement.pdf"'
    return response


def _page(
    request: SignedInRequest,
    breach: Breach,
    *,
    form: BreachForm | None = None,
    step_form: StepForm | None = None,
) -> HttpResponse:
    policy = policy_of(request.tenant)
    bad = any(one is not None and one.is_bound and one.errors for one in (form, step_form))
    labels = {one.key: one for one in policy.breach_steps}
    steps = [(one, labels.get(one.key)) for one in breach.steps.all()]
    taken = {one.key for one, _label in steps}
    context = {
        "breach": breach,
        "policy": policy,
        "state": labels[breach.state].label if breach.state in labels else breach.state,
        "steps": steps,
        "form": form or BreachForm(breach=breach),
        "step_form": step_form or StepForm(policy=policy, taken=taken),
        "today": timezone.localdate(),
    }
    return render(request, "rights/breach.html", context, status=422 if bad else 200)
