"""Templates whose earlier wordings are kept: what the libraries of notes, letters and plans share."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models import ClinicModel


class VersionedTemplate(ClinicModel):
    """What something starts from. What was begun keeps what it took; earlier wordings are kept.

    Each has a table of `TemplateVersion`s, related by the name `versions`.
    """

    name = models.CharField()
    version = models.PositiveIntegerField(default=1)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(ClinicModel):
    """One wording of a template. Never changed; the subclass names its `template`."""

    number = models.PositiveIntegerField()
    author_name = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering: ClassVar = ["template", "-number"]
