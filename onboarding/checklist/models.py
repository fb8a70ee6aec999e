"""What an owner has put aside of the set-up. What is done is never stored: it is looked at."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models import ClinicModel


class PutAside(ClinicModel):
    """A step that is left out, or the card on the first page that is not wanted any more."""

    step = models.CharField(max_length=30, unique=True)
    by_name = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "step put aside"
        verbose_name_plural = "steps put aside"
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return self.step
