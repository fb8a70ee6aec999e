"""The pages about a patient's plans, and the list of reviews that are due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.plans import rules, selectors, services
from clinical.plans.forms import CloseForm, PlanForm, ProgressForm, ReviewForm, goal_rows
from clinical.plans.printing import plan_pdf
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from clinical.plans.models import Plan
    from clinical.practice.requests import SignedInRequest

TAB = "plans:list"


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def plan_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """List a patient's plans, what runs first."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="plans")
    context = {
        "plans": [
            (plan, selectors.sessions_of(plan))
            for plan in selectors.plans_of(request.user, patient)
        ],
        "templates": selectors.templates_in_use(),
        "today": timezone.localdate(),
    }
    return record_page(request, patient, "plans/list.html", context, tab=TAB)


@require_POST
@requires(Action.CREATE, Resource.NOTES)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Begin a draft, from a template or from nothing, and open it."""
    patient = get_patient(request.user, pk)
    chosen = _id(request.POST.get("template", ""))
    template = selectors.templates_in_use().filter(pk=chosen).first() if chosen else None
    plan = services.start_plan(
        patient, actor=request.user, today=timezone.localdate(), template=template
    )
    return redirect("plans:edit", pk=plan.pk)


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    plan = selectors.get_plan(request.user, pk)
    services.record_reading(plan)
    return _plan_page(request, plan)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.NOTES)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    plan = selectors.get_plan(request.user, pk)
    if not rules.may_write(request.user, plan):
        return redirect("plans:detail", pk=plan.pk)
    form = PlanForm(request.POST or None, plan=plan)
    rows = goal_rows(request.POST or None, plan=plan)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            services.change_plan(
                plan,
                actor=request.user,
                revision=form.cleaned_data["revision"],
                fields=form.values(),
                goals=rows.values(),
            )
            if request.POST.get("then") == "start":
                services.activate_plan(plan, actor=request.user)
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The plan is saved.")
            return redirect("plans:detail", pk=plan.pk)
    is_wrong = bool(form.errors) or request.method == "POST"
    context = {"plan": plan, "form": form, "rows": rows}
    return record_page(
        request, plan.patient, "plans/edit.html", context, tab=TAB, status=422 if is_wrong else 200
    )


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def start(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Begin to work by the plan."""
    plan = selectors.get_plan(request.user, pk)
    try:
        services.activate_plan(plan, actor=request.user)
    except services.PlanError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The plan is active.")
    return redirect("plans:detail", pk=plan.pk)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def progress(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Note how far a goal has come."""
    goal = selectors.get_goal(request.user, pk)
    form = ProgressForm(request.POST)
    if form.is_valid():
        try:
            values = form.cleaned_data
            services.note_progress(
                goal,
                actor=request.user,
                scale=values["scale"],
                value=values["value"],
                noted_on=values["noted_on"] or timezone.localdate(),
                note=values["note"],
                state=values["state"],
            )
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Progress is noted.")
            return redirect("plans:detail", pk=goal.plan_id)
    plan = selectors.get_plan(request.user, goal.plan_id)
    return _plan_page(request, plan, open_goal=goal.pk, progress_form=form, status=422)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def review(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Keep a review of the plan."""
    plan = selectors.get_plan(request.user, pk)
    form = ReviewForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            services.review_plan(
                plan,
                actor=request.user,
                held_on=values["held_on"] or timezone.localdate(),
                summary=values["summary"],
                next_review_on=values["next_review_on"],
            )
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The review is kept.")
            return redirect("plans:detail", pk=plan.pk)
    return _plan_page(request, plan, review_form=form, status=422)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def close(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """End the plan, with the way back in the message."""
    plan = selectors.get_plan(request.user, pk)
    form = CloseForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            services.close_plan(
                plan,
                actor=request.user,
                closed_on=values["closed_on"] or timezone.localdate(),
                outcome=values["outcome"],
            )
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            undo = reverse("plans:reopen", kwargs={"pk": plan.pk})
            messages.success(request, "The plan is closed.", extra_tags=f"undo:{undo}")
            return redirect("plans:detail", pk=plan.pk)
    return _plan_page(request, plan, close_form=form, status=422)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def reopen(request: SignedInRequest, pk: UUID) -> HttpResponse:
    plan = selectors.get_plan(request.user, pk)
    try:
        services.reopen_plan(plan, actor=request.user)
    except services.PlanError as error:
        messages.info(request, str(error))
    else:
        messages.success(request, "The plan is taken up again.")
    return redirect("plans:detail", pk=plan.pk)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    plan = selectors.get_plan(request.user, pk)
    try:
        services.discard_plan(plan, actor=request.user)
    except services.PlanError as error:
        messages.error(request, str(error))
        return redirect("plans:detail", pk=pk)
    messages.success(request, "The draft is thrown away.")
    return redirect(TAB, pk=plan.patient_id)


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer the plan to print, with lines to sign on."""
    plan = selectors.get_plan(request.user, pk)
    services.record_reading(plan, action="export")
    answer = HttpResponse(plan_pdf(plan, clinic=request.tenant), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="plan-{plan.patient.number}.pdf"'
    return answer


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def due(request: SignedInRequest) -> HttpResponse:
    """List the plans whose review is due: one's own, or everybody's."""
    own = practitioner_of(request.user)
    is_own = own is not None and request.GET.get("only") != "all"
    today = timezone.localdate()
    plans = selectors.due_reviews(request.user, today=today, practitioner=own if is_own else None)
    context = {
        "groups": [
            ("Overdue", "danger", [p for p in plans if p.review_on < today]),
            ("Today", "warning", [p for p in plans if p.review_on == today]),
            ("In the next two weeks", "info", [p for p in plans if p.review_on > today]),
        ],
        "total": len(plans),
        "has_own": own is not None,
        "is_own": is_own,
    }
    return render(request, "plans/due.html", context)


def _plan_page(
    request: SignedInRequest,
    plan: Plan,
    *,
    open_goal: UUID | None = None,
    progress_form: ProgressForm | None = None,
    review_form: ReviewForm | None = None,
    close_form: CloseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    today = timezone.localdate()
    writable = rules.may_write(request.user, plan) and plan.is_open
    shown = selectors.goals_of(plan)
    goals = [
        (goal, _progress_form(goal, today, progress_form if goal.goal.pk == open_goal else None))
        for goal in shown
    ]
    following = today + timedelta(weeks=plan.review_weeks)
    context: dict[str, Any] = {
        "plan": plan,
        "goals": goals,
        "open_goal": open_goal,
        "sessions": selectors.counted(plan),
        "reviews": plan.reviews.all(),
        "today": today,
        "may_write": rules.may_write(request.user, plan),
        "may_note": writable,
        "review_form": review_form
        or ReviewForm(initial={"held_on": today, "next_review_on": following}),
        "close_form": close_form or CloseForm(initial={"closed_on": today}),
        "is_review_open": review_form is not None,
        "is_close_open": close_form is not None,
    }
    page = "plans/detail.html"
    return record_page(request, plan.patient, page, context, tab=TAB, status=status)


def _progress_form(
    shown: selectors.ShownGoal, today: Any, sent: ProgressForm | None
) -> ProgressForm:
    if sent is not None:
        return sent
    initial = {
        "noted_on": today,
        "state": shown.goal.state,
        "scale": shown.latest.scale if shown.latest else "percent",
    }
    return ProgressForm(initial=initial, auto_id=f"id_{shown.goal.pk}_%s")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
