"""Settings of reminders: rules, templates with their preview, quiet hours and answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.messages import fields, ruling, texting
from clinical.messages.forms import RuleForm, TemplateForm, TextSettingsForm
from clinical.messages.models import MessageTemplate, ReminderRule
from clinical.messages.quiet import current_text_settings
from clinical.practice.selectors import locations_in_use
from connections.providers import Trade
from connections.selectors import in_use

if TYPE_CHECKING:
    from uuid import UUID

    from django.forms import BaseForm
    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

PREVIEWED = timedelta(days=3)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def rules(request: SignedInRequest) -> HttpResponse:
    """List the rules and templates; a post changes the quiet hours and what follows an answer."""
    how = current_text_settings()
    form = TextSettingsForm(request.POST or None, instance=how)
    if request.method == "POST" and form.is_valid():
        ruling.save_text_settings(actor=request.user, fields=form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("clinic_messages:rules")
    names = fields.kinds_of_visits()
    context = {
        "rules": texting.rules_in_use(),
        "templates": [
            (one, fields.warnings_of(one, type_names=names)) for one in texting.all_templates()
        ],
        "form": form,
        "has_account": in_use(Trade.SMS) is not None,
    }
    return render(request, "messages/rules.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new_rule(request: SignedInRequest) -> HttpResponse:
    return _rule_page(request, ReminderRule())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit_rule(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _rule_page(request, get_object_or_404(ReminderRule, pk=pk, is_retired=False))


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def step_rule(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Switch a rule on or off, or take it off the list."""
    rule = get_object_or_404(ReminderRule, pk=pk, is_retired=False)
    action, now = request.POST.get("action", ""), timezone.now()
    if action == "retire":
        ruling.retire_rule(rule, actor=request.user, at=now)
        messages.success(request, "Taken off the list.")
    elif action in {"on", "off"}:
        ruling.switch_rule(rule, actor=request.user, at=now, is_on=action == "on")
        messages.success(request, "On from now on." if action == "on" else "Off.")
    else:
        raise Http404
    return redirect("clinic_messages:rules")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new_template(request: SignedInRequest) -> HttpResponse:
    return _template_page(request, MessageTemplate())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit_template(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _template_page(request, get_object_or_404(MessageTemplate, pk=pk, is_active=True))


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def retire_template(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take a template off the lists."""
    template = get_object_or_404(MessageTemplate, pk=pk, is_active=True)
    try:
        ruling.retire_template(template, actor=request.user)
    except ruling.RuleError as error:
        messages.error(request, str(error))
        return redirect("clinic_messages:edit_template", pk=pk)
    messages.success(request, "Taken off the list.")
    return redirect("clinic_messages:rules")


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def preview(request: SignedInRequest) -> HttpResponse:
    """Show what is being written as a patient would read it, and how long it is."""
    said = request.POST
    channel = "email" if said.get("channel") == "email" else "sms"
    template = MessageTemplate(
        channel=channel,
        subject=said.get("subject", "")[:300],
        body=said.get("body", "")[:4000],
    )
    return render(request, "messages/_preview.html", _previewed(template))


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def fields_page(request: SignedInRequest) -> HttpResponse:
    """List the fields with what each becomes."""
    sample = fields.sample_facts(timezone.now() + PREVIEWED)
    listed = [(name, label, text(sample)) for name, (label, text) in fields.FIELDS.items()]
    return render(request, "messages/fields.html", {"fields": listed})


def _rule_page(request: SignedInRequest, rule: ReminderRule) -> HttpResponse:
    is_new = rule._state.adding  # noqa: SLF001 - Django's documented Model API
    initial = {"is_on": True} if is_new else {}
    before = ReminderRule.objects.filter(pk=rule.pk).first() or ReminderRule()
    form = RuleForm(request.POST or None, instance=rule, initial=initial)
    if request.method == "POST" and form.is_valid():
        before.pk = rule.pk
        ruling.save_rule(before, actor=request.user, at=timezone.now(), fields=form.cleaned_data)
        messages.success(request, "Saved. What is due from now on goes by this rule.")
        return redirect("clinic_messages:rules")
    context = {
        "form": form,
        "rule": rule,
        "is_new": is_new,
        "has_templates": MessageTemplate.objects.filter(is_active=True).exists(),
    }
    return render(request, "messages/rule.html", context, status=_status(form))


def _template_page(request: SignedInRequest, template: MessageTemplate) -> HttpResponse:
    is_new = template._state.adding  # noqa: SLF001 - Django's documented Model API
    form = TemplateForm(request.POST or None, instance=template)
    if request.method == "POST" and form.is_valid():
        ruling.save_template(template, actor=request.user, fields=form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("clinic_messages:rules")
    context = {
        "form": form,
        "template": template,
        "is_new": is_new,
        "fields": [(name, label) for name, (label, _) in fields.FIELDS.items()],
        **_previewed(template),
    }
    return render(request, "messages/template.html", context, status=_status(form))


def _previewed(template: MessageTemplate) -> dict[str, Any]:
    place = locations_in_use().first()
    facts = fields.sample_facts(timezone.now() + PREVIEWED, place=place)
    said = fields.written(template, facts)
    return {
        "said": said,
        "is_text": template.channel == "sms",
        "warnings": fields.warnings_of(template) if template.body else [],
    }


def _status(form: BaseForm) -> int:
    return 422 if form.errors else 200
