"""What the operators see of the accesses of all clinics: a copy, written by the clinic's own code.

The operators' role reads it and cannot write it (`tenants.grants`). Nothing is decided by it but one
thing: a clinic that is closed shuts its cases by trigger, whoever closes it, and a shut case opens nothing.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models import Tenant


class Case(models.Model):
    """One `support.Access` of one clinic, under its id."""

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=9)
    state = models.CharField(max_length=9)
    reason = models.CharField(max_length=500)
    mode = models.CharField(max_length=7)
    minutes = models.PositiveSmallIntegerField()
    operator_id = models.UUIDField(null=True)
    operator_name = models.CharField(max_length=120, blank=True, default="")
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True, default="")
    entered_at = models.DateTimeField(null=True)
    """When somebody last came in."""
    letter_waits = models.BooleanField(default=False)
    shut_at = models.DateTimeField(null=True)
    """When the clinic was suspended, archived, moved or deleted while this was open."""

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]
        verbose_name = "support case"
        indexes: ClassVar = [models.Index(fields=["tenant", "-asked_at"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.tenant_id}: {self.state}"
