"""What a clinic's texts need beside the messages themselves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenants.models import ClinicModel


class DeliveryAlarm(ClinicModel):
    """A time in which texts did not arrive; at most one of them lasts still."""

    class Kind(models.TextChoices):
        SILENT = "silent", "Nothing is delivered"
        FAILING = "failing", "Too many are refused"
        ACCOUNT = "account", "The account has to be looked after"

    kind = models.CharField(max_length=7, choices=Kind)
    provider = models.CharField(max_length=20)
    since = models.DateTimeField()
    """When the last text that arrived was sent; if none has, the first that did not."""
    texts = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0)
    """Of how many texts whose end is known."""
    problem = models.CharField(blank=True, default="")
    """What the vendor said of the account."""
    began_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    """When the owners were told."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-began_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ended_at"],
                name="sms_one_alarm",
                condition=Q(ended_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["silent", "failing", "account"]), name="sms_alarm_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Poll(ClinicModel):
    """How far a vendor's own lists were read; one row a vendor."""

    provider = models.CharField(max_length=20, unique=True)
    read_until = models.DateTimeField()
    problem = models.CharField(blank=True, default="")
    """Why the last look went wrong, for a person."""
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["provider"]

    def __str__(self) -> str:
        return self.provider
