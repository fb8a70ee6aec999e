"""What is kept of backups, drills and the nightly self-check: shared tables, nothing of patients."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from tenants.ids import uuid7
from tenants.models import Tenant


class Backup(models.Model):
    """One backup that was begun; what came of it, where it lies, who can open it."""

    class State(models.TextChoices):
        RUNNING = "running", "Being written"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        DELETED = "deleted", "Deleted by the policy"

    class Scope(models.TextChoices):
        CLINIC = "clinic", "One clinic"
        PLATFORM = "platform", "The whole platform"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.PROTECT, related_name="+")
    within = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="clinics")
    """The platform's backup that this clinic's part stands in; it has no object of its own."""
    scope = models.CharField(max_length=8, choices=Scope)
    subdomain = models.CharField(max_length=40, blank=True, default="")
    """The clinic's when it was written."""
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    method = models.CharField(max_length=8, blank=True, default="")
    """`copy`: our own, table by table; `pg_dump`: the server's own program."""
    asked_by = models.CharField(max_length=200, blank=True, default="")
    place = models.CharField(max_length=300, blank=True, default="")
    """The store: `file:///…` or `s3://bucket/prefix`; never with a key in it."""
    name = models.CharField(max_length=200, blank=True, default="")
    """The object in that store."""
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Of the sealed bytes as they lie there."""
    sealed_for = models.JSONField(default=list)
    """Who can open it: fingerprints of age recipients, or the id of the wrapping key."""
    counts = models.JSONField(default=dict)
    """{"tables", "rows", "files", "file_bytes", "clinics"}: as written, equal to the catalogue's."""
    left_out = models.JSONField(default=list)
    """What is not in it and why, in words: a clinic's own bucket, files that were missing."""
    heads = models.CharField(max_length=64, blank=True, default="")
    """The migrations its tables are at."""
    began_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)
    """The instant its rows show."""
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)
    problem = models.CharField(max_length=500, blank=True, default="")
    verified_at = models.DateTimeField(null=True)
    is_verified = models.BooleanField(null=True)
    """Whether its bytes were read back and were the same; empty: nobody has tried."""
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-began_at"]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-began_at"]),
            models.Index(fields=["scope", "state", "-began_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.subdomain or self.scope} {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def is_good(self) -> bool:
        """Whether somebody could restore from it as far as we know."""
        return self.state == self.State.DONE and self.is_verified is not False


class Drill(models.Model):
    """One rehearsal: a clinic backed up, restored beside itself, compared, and dropped again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    subdomain = models.CharField(max_length=40)
    job_id = models.UUIDField(null=True, unique=True)
    is_green = models.BooleanField()
    words = models.CharField(max_length=500)
    differences = models.JSONField(default=list)
    """What was not the same, in words: tables, policies, sequences; at most 50."""
    figures = models.JSONField(default=dict)
    """{"tables", "rows", "files", "sequences", "bytes", "backup_seconds", "restore_seconds"}."""
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.subdomain} {self.at:%Y-%m-%d}: {'green' if self.is_green else 'red'}"


class SelfCheck(models.Model):
    """What one nightly look at one thing found, of one clinic or of the platform."""

    class Result(models.TextChoices):
        GREEN = "green", "All well"
        AMBER = "amber", "Look at it"
        RED = "red", "Something is wrong"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.UUIDField(default=uuid.uuid4)
    """The same for all looks of one night: the job's id."""
    check_name = models.CharField(max_length=30)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.PROTECT, related_name="+")
    result = models.CharField(max_length=5, choices=Result)
    words = models.CharField(max_length=500)
    """For a person: what was found, or that all is well. No name of a patient, no secret."""
    figures = models.JSONField(default=dict)
    at = models.DateTimeField()
    since = models.DateTimeField()
    """When it first had this result without a break."""
    told_at = models.DateTimeField(null=True)
    """When the operators were mailed of it."""

    class Meta:
        ordering: ClassVar = ["-at"]
        indexes: ClassVar = [models.Index(fields=["tenant", "check_name", "-at"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "check_name", "tenant"],
                nulls_distinct=False,
                name="selfcheck_once_each_night",
            )
        ]

    def __str__(self) -> str:
        return f"{self.check_name} {self.at:%Y-%m-%d}: {self.result}"
