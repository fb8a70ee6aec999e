"""The verbs about the library of note templates, and which one a kind of visit begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.notes.models import NoteTemplate, NoteTemplateVersion, TemplateDefault
from clinical.notes.sections import (
    HEADING_LENGTH,
    Section,
    TemplateSectionError,
    checked,
)
from clinical.notes.standard import STANDARD
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from accounts.models import User
    from clinical.practice.models import AppointmentType


class TemplateError(ValueError):
    """The template cannot be kept like this; the message is for a person."""


class TemplateChangedError(TemplateError):
    """Somebody else has saved the template since the actor read it."""


@transaction.atomic
def add_template(
    *, actor: User, name: str, purpose: str, sections: Sequence[Section]
) -> NoteTemplate:
    """Add a template to the library."""
    require(actor, Action.CREATE, Resource.SETTINGS)
    template = NoteTemplate(name=name.strip(), purpose=purpose.strip())
    kept = _checked(template, sections)
    template.save()
    _keep_version(template, kept, actor)
    return template


@transaction.atomic
def change_template(
    template: NoteTemplate,
    *,
    actor: User,
    at: datetime,
    seen: int,
    name: str,
    purpose: str,
    sections: Sequence[Section],
    is_active: bool,
) -> NoteTemplate:
    """Replace a template that is at version `seen`.

    Other sections or another name make a new version; notes stay on the one they began with.
    """
    require(actor, Action.CHANGE, Resource.SETTINGS)
    template.name, template.purpose = name.strip(), purpose.strip()
    template.is_active, template.changed_at = is_active, at
    kept = _checked(template, sections)
    current = template.versions.filter(number=seen).first()
    is_new = current is None or (current.name, current.sections) != (template.name, kept)
    template.version = seen + is_new
    columns = ("name", "purpose", "is_active", "version", "changed_at")
    swapped = NoteTemplate.objects.filter(pk=template.pk, version=seen).update(
        **{column: getattr(template, column) for column in columns}
    )
    if not swapped:
        raise TemplateChangedError(
            "Somebody else has saved this template in the meantime. Open it again in another "
            "window, and put your changes into it."
        )
    if is_new:
        _keep_version(template, kept, actor)
    return template


@transaction.atomic
def add_standard_templates(*, actor: User) -> int:
    """Add those of the standard templates whose names are not taken; answers how many."""
    require(actor, Action.CREATE, Resource.SETTINGS)
    taken = set(NoteTemplate.objects.values_list("name", flat=True))
    missing = [entry for entry in STANDARD if entry.name not in taken]
    for entry in missing:
        add_template(actor=actor, name=entry.name, purpose=entry.purpose, sections=entry.sections)
    return len(missing)


@transaction.atomic
def set_defaults(chosen: Mapping[AppointmentType, NoteTemplate | None], *, actor: User) -> None:
    """Say what a note begins with after a visit of each type."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    for kind, template in chosen.items():
        if template is None:
            TemplateDefault.objects.filter(appointment_type=kind).delete()
        else:
            TemplateDefault.objects.update_or_create(
                appointment_type=kind, defaults={"template": template}
            )


def _checked(template: NoteTemplate, sections: Sequence[Section]) -> list[dict[str, object]]:
    if not template.name:
        raise TemplateError("Give the template a name.")
    if max(len(template.name), len(template.purpose)) > HEADING_LENGTH:
        raise TemplateError(f"Name and purpose have at most {HEADING_LENGTH} letters.")
    try:
        return [section.stored() for section in checked(sections)]
    except TemplateSectionError as error:
        raise TemplateError(str(error)) from error


def _keep_version(template: NoteTemplate, sections: list[dict[str, object]], actor: User) -> None:
    NoteTemplateVersion.objects.create(
        template=template,
        number=template.version,
        name=template.name,
        sections=sections,
        author_name=actor.name,
    )
