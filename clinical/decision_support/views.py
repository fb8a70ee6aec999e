"""The pages about rules (settings), and about a patient's reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import Action, Resource, requires
from clinical.decision_support import selectors, services
from clinical.decision_support.banners import look_at
from clinical.decision_support.conditions import Condition
from clinical.decision_support.forms import RuleForm, SettleForm, condition_rows
from clinical.decision_support.models import Rule
from clinical.decision_support.tasks import refresh
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

WEEK = timedelta(days=7)


@require_safe
@requires(Action.CHANGE, Resource.SETTINGS)
def rules(request: SignedInRequest) -> HttpResponse:
    """List the rules, those in use first, each in words."""
    rows = [_worded(rule) for rule in Rule.objects.order_by("-is_active", "name", "id")]
    return render(request, "decision_support/rules.html", {"rows": rows})


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def standard(request: SignedInRequest) -> HttpResponse:
    """Add the rules that Nexus brings along, switched off."""
    added = services.add_standard_rules(actor=request.user)
    words = f"{added} rules are added, switched off." if added else "They are all here already."
    messages.success(request, words)
    return redirect("decision_support:rules")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new(request: SignedInRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _edit(request, selectors.get_rule(pk))


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def switch(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take a rule into use or out of it."""
    rule = selectors.get_rule(pk)
    services.switch_rule(rule, actor=request.user, is_active=not rule.is_active)
    if rule.is_active:
        refresh.delay()
    messages.success(request, f"{rule} is {'in use' if rule.is_active else 'switched off'}.")
    return redirect("decision_support:rules")


@require_POST
@requires(Action.DELETE, Resource.SETTINGS)
def delete(request: SignedInRequest, pk: UUID) -> HttpResponse:
    rule = selectors.get_rule(pk)
    services.delete_rule(rule, actor=request.user)
    messages.success(request, f"{rule} is deleted.")
    return redirect("decision_support:rules")


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def prompts(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a patient's reminders, why each is shown, and what can be done about it."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="reminders")
    look_at(request.user, patient, timezone.now())
    context = {
        "prompts": [
            (prompt, _worded(prompt.rule))
            for prompt in selectors.open_prompts(request.user, patient)
        ],
        "settled": selectors.settled_prompts(request.user, patient),
        "in_two_weeks": timezone.localdate() + 2 * WEEK,
    }
    page = "decision_support/prompts.html"
    return record_page(request, patient, page, context, tab="patients:detail")


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def settle(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put a reminder off or dismiss it, with the way back in the message."""
    prompt = selectors.get_prompt(request.user, pk)
    form = SettleForm(request.POST)
    page = reverse("decision_support:prompts", kwargs={"pk": prompt.patient_id})
    if not form.is_valid():
        messages.error(
            request, " ".join(str(error) for some in form.errors.values() for error in some)
        )
        return redirect(page)
    now, reason = timezone.now(), form.cleaned_data["reason"]
    today = timezone.localdate()
    try:
        if request.POST.get("action") == "dismiss":
            services.dismiss_prompt(prompt, actor=request.user, at=now, reason=reason)
            words = "Dismissed. It comes again only if it stops being true and then is again."
        else:
            until = form.cleaned_data["until"] or today + 2 * WEEK
            services.snooze_prompt(
                prompt, actor=request.user, at=now, until=until, today=today, reason=reason
            )
            words = f"Put off until {until:%-d %b %Y}."
    except services.PromptError as error:
        messages.error(request, str(error))
        return redirect(page)
    undo = reverse("decision_support:reopen", kwargs={"pk": prompt.pk})
    messages.success(request, words, extra_tags=f"undo:{undo}")
    return redirect(page)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def reopen(request: SignedInRequest, pk: UUID) -> HttpResponse:
    prompt = selectors.get_prompt(request.user, pk)
    services.reopen_prompt(prompt, actor=request.user, at=timezone.now())
    messages.success(request, "It is shown again.")
    return redirect("decision_support:prompts", pk=prompt.patient_id)


def _worded(rule: Rule) -> dict[str, Any]:
    glue = " and " if rule.match == Rule.Match.ALL else " or "
    labels = dict(User.Role.choices)
    return {
        "rule": rule,
        "when": glue.join(Condition.of(kept).label for kept in rule.conditions),
        "whom": ", ".join(str(labels.get(role, role)) for role in rule.roles),
    }


def _edit(request: SignedInRequest, rule: Rule | None) -> HttpResponse:
    names = ("name", "text", "match", "severity", "in_header", "in_diary", "roles", "is_active")
    initial: dict[str, Any] = {"match": "all", "severity": "warning", "roles": ["clinician"]}
    if rule is not None:
        initial = {name: getattr(rule, name) for name in names} | {"seen": rule.version}
    if request.method != "POST":
        rows = condition_rows(conditions=rule.conditions if rule else ())
        return _rule_page(request, RuleForm(initial=initial), rows, rule)
    form, rows = RuleForm(request.POST), condition_rows(request.POST)
    if form.is_valid() and rows.is_valid():
        conditions = [kept for row in rows.forms if (kept := row.kept())]
        try:
            kept = services.keep_rule(
                rule,
                actor=request.user,
                fields={**form.fields_of_rule(), "conditions": conditions},
                seen=form.cleaned_data["seen"],
            )
        except services.RuleError as error:
            form.add_error(None, str(error))
        else:
            if kept.is_active:
                refresh.delay()
            fits, tried = selectors.try_out(
                kept, request.user, now=timezone.now(), ahead=WEEK,
                zone=timezone.get_current_timezone(),
            )  # fmt: skip
            messages.success(
                request,
                f"{kept} is saved. It holds for {fits} of the {tried} patients with a visit in the "
                "next seven days.",
            )
            return redirect("decision_support:rules")
    return _rule_page(request, form, rows, rule)


def _rule_page(
    request: SignedInRequest, form: RuleForm, rows: Any, rule: Rule | None
) -> HttpResponse:
    context = {"form": form, "rows": rows, "rule": rule}
    status = 422 if request.method == "POST" else 200
    return render(request, "decision_support/edit_rule.html", context, status=status)
