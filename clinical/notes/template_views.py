"""Settings → Note templates: the library, and what each type of visit begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.notes import editing, library, selectors
from clinical.notes.body_chart import REGIONS, SIGNS
from clinical.notes.models import NoteTemplate, TemplateDefault
from clinical.notes.sections import (
    KINDS,
    Kind,
    Section,
    TemplateSectionError,
    checked,
    empty_answer,
    read_sections,
)
from clinical.notes.template_forms import DefaultForm, TemplateForm
from clinical.practice.selectors import appointment_types_in_use

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.models import AppointmentType
    from clinical.practice.requests import SignedInRequest

FIRST = Section(key="s1", kind=Kind.TEXT, heading="")


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def template_list(request: SignedInRequest) -> HttpResponse:
    """List the library, what is in use first."""
    context = {
        "templates": NoteTemplate.objects.order_by("-is_active", "name", "id"),
        "defaults": _default_forms(None),
    }
    return render(request, "notes/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.SETTINGS)
def new(request: SignedInRequest) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, TemplateForm(), None, [FIRST])
    form = TemplateForm(request.POST)
    if form.is_valid():
        try:
            template = library.add_template(
                actor=request.user,
                name=form.cleaned_data["name"],
                purpose=form.cleaned_data["purpose"],
                sections=form.sections(),
            )
        except library.TemplateError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{template.name} is saved.")
            return redirect("notes:templates")
    return _form_page(request, form, None, form.sections())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    template = selectors.get_template(pk)
    if request.method != "POST":
        sections = _sections_of(template, request.GET.get("version", ""))
        initial: dict[str, Any] = {"seen": template.version, "is_active": template.is_active}
        initial |= {"name": template.name, "purpose": template.purpose}
        return _form_page(request, TemplateForm(initial=initial), template, sections)
    form = TemplateForm(request.POST)
    if form.is_valid():
        try:
            library.change_template(
                template,
                actor=request.user,
                at=timezone.now(),
                seen=form.cleaned_data["seen"] or 0,
                name=form.cleaned_data["name"],
                purpose=form.cleaned_data["purpose"],
                sections=form.sections(),
                is_active=form.cleaned_data["is_active"],
            )
        except library.TemplateError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{template.name} is saved.")
            return redirect("notes:templates")
    return _form_page(request, form, template, form.sections())


@require_POST
@requires(Action.CREATE, Resource.SETTINGS)
def preview(request: SignedInRequest) -> HttpResponse:
    """Answer the editor of a note as it would look, for the page that is being written."""
    sections = TemplateForm(request.POST).sections()
    return render(request, "notes/_preview.html", _preview(sections))


@require_POST
@requires(Action.CREATE, Resource.SETTINGS)
def standard(request: SignedInRequest) -> HttpResponse:
    """Add the templates that Nexus brings along."""
    added = library.add_standard_templates(actor=request.user)
    words = f"{added} templates are added." if added else "They are all in the library already."
    messages.success(request, words)
    return redirect("notes:templates")


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def defaults(request: SignedInRequest) -> HttpResponse:
    """Keep which template each type of visit begins with."""
    chosen = {
        kind: form.cleaned_data["template"]
        for kind, form in _default_forms(request)
        if form.is_valid()
    }
    library.set_defaults(chosen, actor=request.user)
    messages.success(request, "Saved. New notes begin with these.")
    return redirect("notes:templates")


def _default_forms(
    request: SignedInRequest | None,
) -> list[tuple[AppointmentType, DefaultForm]]:
    kept = dict(TemplateDefault.objects.values_list("appointment_type_id", "template_id"))
    data = request.POST if request else None
    return [
        (kind, DefaultForm(data, prefix=str(kind.pk), initial=kept.get(kind.pk)))
        for kind in appointment_types_in_use()
    ]


def _sections_of(template: NoteTemplate, version: str) -> tuple[Section, ...]:
    """Answer the sections as they are, or those of an earlier version."""
    asked: Any = None
    if version.isdecimal() and len(version) < 6:  # noqa: PLR2004 - more digits than versions
        asked = template.versions.filter(number=int(version)).first()
    current = asked or template.versions.filter(number=template.version).first()
    return read_sections(current.sections) if current else (FIRST,)


def _preview(sections: Sequence[Section]) -> dict[str, Any]:
    try:
        good = checked(sections)
    except TemplateSectionError as error:
        return {"preview_error": str(error), "fields": []}
    return {
        "fields": editing.fields_for(good, [empty_answer(section) for section in good]),
        "chart": {"regions": REGIONS, "signs": SIGNS},
    }


def _form_page(
    request: SignedInRequest,
    form: TemplateForm,
    template: NoteTemplate | None,
    sections: Sequence[Section],
) -> HttpResponse:
    context = {
        "form": form,
        "template": template,
        "sections": sections,
        "blank": FIRST,
        "kinds": [(kind.value, label) for kind, label in KINDS.items()],
        "versions": template.versions.all() if template else [],
        **_preview(sections),
    }
    status = 422 if form.errors else 200
    return render(request, "notes/edit_template.html", context, status=status)
