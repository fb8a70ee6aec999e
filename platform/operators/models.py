"""What the operators' console keeps in the shared tables: clinics' figures, tokens, networks."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from tenants.ids import uuid7
from tenants.models import Tenant


class ClinicHealth(models.Model):
    """A clinic's figures as they were at `looked_at`: counts, sizes, states and moments.

    `figures` is what `clinic_figures()` answers in the clinic's schema. A look that failed leaves the
    figures of the last good one and says why in `problem`.
    """

    tenant = models.OneToOneField(
        Tenant, primary_key=True, on_delete=models.CASCADE, related_name="health"
    )
    figures = models.JSONField(default=dict)
    looked_at = models.DateTimeField(null=True)
    """When the figures were taken."""
    tried_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")
    took_ms = models.PositiveIntegerField(default=0)
    wanted_at = models.DateTimeField(null=True)
    """When an operator asked for a new look; empty once it was taken."""

    class Meta:
        ordering: ClassVar = ["tenant_id"]

    def __str__(self) -> str:
        return f"{self.tenant_id} at {self.looked_at}"


class ApiToken(models.Model):
    """A key by which a program acts for one operator. Only its digest is kept: it is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # People are deleted in clinics' schemas too, where this table is not; here the database refuses.
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+"
    )
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    """How it begins: enough to tell two tokens apart, not to use one."""
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_address = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class AllowedNetwork(models.Model):
    """A network from which the operators' host answers. Without a row it answers from everywhere."""

    network = models.CharField(max_length=49, unique=True)
    note = models.CharField(max_length=120, blank=True, default="")
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["network"]

    def __str__(self) -> str:
        return self.network
