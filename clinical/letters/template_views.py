"""Settings → Letter templates: the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.letters import selectors, services
from clinical.letters.forms import TemplateForm
from clinical.letters.merge_fields import FIELDS, unknown_fields
from clinical.letters.models import LetterTemplate

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.LETTERS)
def template_list(request: SignedInRequest) -> HttpResponse:
    """List the library, what is in use first."""
    templates = LetterTemplate.objects.order_by("-is_active", "name", "id")
    return render(request, "letters/templates.html", {"templates": templates})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.LETTERS)
def new(request: SignedInRequest) -> HttpResponse:
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            template = services.add_template(
                actor=request.user,
                name=form.cleaned_data["name"],
                subject=form.cleaned_data["subject"],
                body=form.cleaned_data["body"],
            )
        except services.TemplateError as error:
            form.add_error(None, str(error))
        else:
            return _done(request, template)
    return _form_page(request, form, None)


@require_POST
@requires(Action.CREATE, Resource.LETTERS)
def standard(request: SignedInRequest) -> HttpResponse:
    """Add the templates that Nexus brings along."""
    added = services.add_standard_templates(actor=request.user)
    words = f"{added} templates are added." if added else "They are all in the library already."
    messages.success(request, words)
    return redirect("letters:templates")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.LETTERS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    template = selectors.get_template(pk)
    if request.method != "POST":
        return _form_page(request, _form_of(template, request.GET.get("version", "")), template)
    form = TemplateForm(request.POST)
    if form.is_valid():
        try:
            services.change_template(
                template,
                actor=request.user,
                at=timezone.now(),
                seen=form.cleaned_data["seen"] or 0,
                name=form.cleaned_data["name"],
                subject=form.cleaned_data["subject"],
                body=form.cleaned_data["body"],
                is_active=form.cleaned_data["is_active"],
            )
        except services.TemplateError as error:
            form.add_error(None, str(error))
        else:
            return _done(request, template)
    return _form_page(request, form, template)


def _form_of(template: LetterTemplate, version: str) -> TemplateForm:
    """Show the template as it is, or with the text of an earlier version."""
    text: object = template
    if version.isdecimal() and len(version) < 6:  # noqa: PLR2004 - more digits than versions
        text = template.versions.filter(number=int(version)).first() or template
    names = ("name", "subject", "body")
    initial = {name: getattr(text, name) for name in names}
    initial |= {"seen": template.version, "is_active": template.is_active}
    return TemplateForm(initial=initial)


def _done(request: SignedInRequest, template: LetterTemplate) -> HttpResponse:
    unknown = unknown_fields(f"{template.subject}\n{template.body}")
    if unknown:
        names = ", ".join(f"{{{{{name}}}}}" for name in unknown)
        messages.warning(request, f"Saved, but {names} is no field and will stay as it is.")
        return redirect("letters:edit_template", pk=template.pk)
    messages.success(request, f"{template.name} is saved.")
    return redirect("letters:templates")


def _form_page(
    request: SignedInRequest, form: TemplateForm, template: LetterTemplate | None
) -> HttpResponse:
    context = {
        "form": form,
        "template": template,
        "versions": template.versions.all() if template else [],
        "fields": [(name, label) for name, (label, _) in FIELDS.items()],
    }
    status = 422 if form.errors else 200
    return render(request, "letters/edit_template.html", context, status=status)
