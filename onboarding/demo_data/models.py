"""Which rows the demo data brought, so that they can be taken out again, and nothing else."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models import ClinicModel


class DemoTable(ClinicModel):
    """The rows of one table that the demo data brought, by their keys."""

    table = models.CharField(max_length=80, unique=True)
    keys = models.JSONField(default=list)
    """Keys as text, in the order they were found."""
    filled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["table"]

    def __str__(self) -> str:
        return f"{self.table}: {len(self.keys)}"
