"""What is kept of a clinic that was destroyed: the proof, and nothing of its people."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.ids import uuid7


class Certificate(models.Model):
    """A certificate of destruction. The table is shared: the clinic's own are gone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant_id = models.IntegerField(unique=True)
    job_id = models.UUIDField()
    facts = models.JSONField()
    """What the page says: see `certificates.facts_of`."""
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-issued_at"]

    def __str__(self) -> str:
        return f"clinic {self.tenant_id}, {self.issued_at:%Y-%m-%d}"
