"""Settings → Plan templates: the library of protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.plans import selectors, services
from clinical.plans.forms import TemplateForm, template_goal_rows, template_goals
from clinical.plans.models import PlanTemplate

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def template_list(request: SignedInRequest) -> HttpResponse:
    """List the library, what is in use first."""
    templates = PlanTemplate.objects.order_by("-is_active", "name", "id")
    return render(request, "plans/templates.html", {"templates": templates})


@require_POST
@requires(Action.CREATE, Resource.NOTES)
def standard(request: SignedInRequest) -> HttpResponse:
    """Add the templates that Nexus brings along."""
    added = services.add_standard_templates(actor=request.user)
    words = f"{added} templates are added." if added else "They are all in the library already."
    messages.success(request, words)
    return redirect("plans:templates")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.NOTES)
def new(request: SignedInRequest) -> HttpResponse:
    form = TemplateForm(request.POST or None)
    rows = template_goal_rows(request.POST or None, template=None)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            services.add_template(actor=request.user, goals=template_goals(rows), **form.content())
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{form.cleaned_data['name']} is in the library.")
            return redirect("plans:templates")
    return _page(request, form, rows, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.NOTES)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    template = selectors.get_template(pk)
    if request.method != "POST":
        content = _content_of(template, request.GET.get("version", ""))
        initial = {**content, "seen": template.version, "is_active": template.is_active}
        rows = template_goal_rows(template=template, goals=content["goals"])
        return _page(request, TemplateForm(initial=initial), rows, template)
    form, rows = TemplateForm(request.POST), template_goal_rows(request.POST, template=template)
    if form.is_valid() and rows.is_valid():
        try:
            services.change_template(
                template,
                actor=request.user,
                seen=form.cleaned_data["seen"] or 0,
                is_active=form.cleaned_data["is_active"],
                goals=template_goals(rows),
                **form.content(),
            )
        except services.PlanError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{template.name} is saved.")
            return redirect("plans:templates")
    return _page(request, form, rows, template)


def _content_of(template: PlanTemplate, version: str) -> dict[str, Any]:
    """Answer the template's columns as they are, or as an earlier version had them."""
    if version.isdecimal() and len(version) < 6:  # noqa: PLR2004 - more digits than versions
        found = template.versions.filter(number=int(version)).first()
        if found is not None:
            return dict(found.content)
    return {name: getattr(template, name) for name in services.TEMPLATE_FIELDS}


def _page(
    request: SignedInRequest, form: TemplateForm, rows: Any, template: PlanTemplate | None
) -> HttpResponse:
    context = {
        "form": form,
        "rows": rows,
        "template": template,
        "versions": template.versions.all() if template else [],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "plans/edit_template.html", context, status=status)
