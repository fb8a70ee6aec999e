"""The shared tables: clinics, their hosts, and how far each clinic's schema has been migrated."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from tenants.ids import uuid7
from tenants.scope import ScopeError

SUBDOMAIN_PATTERN = r"^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,38}[a-z0-9]$"


class ClinicModel(models.Model):
    """Base of the tables in a clinic's schema: an id that means nothing anywhere else."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


class Tenant(TenantMixin):  # type: ignore[misc]
    """One clinic. `schema_name` is fixed by the id at birth; the subdomain can be renamed."""

    class State(models.TextChoices):
        CREATING = "creating", "Being set up"
        ACTIVE = "active", "Active"
        READ_ONLY = "read_only", "Read only"
        SUSPENDED = "suspended", "Suspended"
        MOVING = "moving", "Moving"
        ARCHIVED = "archived", "Archived"
        DELETING = "deleting", "To be deleted"
        DELETED = "deleted", "Deleted"

    auto_create_schema = False
    auto_drop_schema = False

    id = models.AutoField(primary_key=True)
    schema_name = models.CharField(max_length=63, unique=True, editable=False)
    name = models.CharField(max_length=120)
    subdomain = models.CharField(
        max_length=40, unique=True, validators=[RegexValidator(SUBDOMAIN_PATTERN)]
    )
    state = models.CharField(max_length=12, choices=State, default=State.CREATING)
    accent = models.CharField(max_length=7, default="#1f6f78")
    time_zone = models.CharField(max_length=64, default="Australia/Sydney")
    region = models.CharField(max_length=8, default="AU")
    state_reason = models.CharField(max_length=300, blank=True, default="")
    """What the clinic's people read where it is not open."""
    cluster = models.CharField(max_length=40, blank=True, default="")
    """The database its schema stands in; empty: the platform's own."""
    plan = models.CharField(max_length=20, default="trial")
    trial_ends_at = models.DateTimeField(null=True)
    sandbox_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="sandboxes"
    )
    flags = models.JSONField(default=dict)
    """Features that are switched on or off for this clinic alone, by name."""
    verified_at = models.DateTimeField(null=True)
    """When its owner proved the address of the sign-up; empty: an unproved sign-up."""
    went_live_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row and nothing else: schemas are made by `tenants.lifecycle`."""
        models.Model.save(self, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        raise ScopeError("A clinic is deleted by tenants.lifecycle, never row by row.")

    def activate(self) -> NoReturn:
        raise ScopeError("Use tenant_scope(clinic): a tenant is never set on a connection.")

    __enter__ = __exit__ = deactivate = create_schema = activate

    @property
    def host(self) -> str:
        """The clinic's own host name, without scheme and port."""
        return f"{self.subdomain}.{settings.BASE_DOMAIN}"

    @property
    def url(self) -> str:
        port = f":{settings.WEB_PORT}" if settings.WEB_PORT not in {80, 443} else ""
        return f"{'https' if settings.SECURE else 'http'}://{self.host}{port}"


class Domain(DomainMixin):  # type: ignore[misc]
    """A host that leads to a clinic; the primary one is its own, others redirect to it."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        models.Model.save(self, *args, **kwargs)


class SchemaScript(models.Model):
    """The SQL that takes a clinic's schema from one set of migrations to another.

    Recorded once from the template clinic and replayed for all others. `from_heads` is empty for the
    way from nothing. A script with Python steps cannot be replayed over existing data.
    """

    from_heads = models.CharField(max_length=64, blank=True)
    to_heads = models.CharField(max_length=64, unique=True)
    sql = models.TextField()
    whole = models.TextField(blank=True, default="")
    """What makes a schema at `to_heads` from nothing, without the history: see `tenants.blueprint`."""
    replayable = models.BooleanField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_heads[:8]}→{self.to_heads[:8]}"


class MigrationHead(models.Model):
    """How far one clinic's schema is: a digest of the newest migrations applied there."""

    tenant_id = models.IntegerField(primary_key=True)
    heads = models.CharField(max_length=64, blank=True)
    past = models.TextField(blank=True, default="")
    """The first 16 digits of each digest before, with spaces between: code of then may serve it too."""
    error = models.TextField(blank=True)
    migrated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.heads[:8]}"


class Spare(models.Model):
    """The empty schema of a clinic that is not there yet: see `tenants.spares`."""

    tenant_id = models.IntegerField(primary_key=True)
    """The number that the clinic will have."""
    heads = models.CharField(max_length=64)
    built_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.heads[:8]}"


class DataKey(models.Model):
    """A key of one clinic's secrets, wrapped: see `tenants.vault`. The newest one seals."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    wrapped = models.BinaryField()
    wrapped_by = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["tenant_id", "id"]

    def __str__(self) -> str:
        return f"{self.id} under {self.wrapped_by}"


class VendorBinding(models.Model):
    """Which clinic a vendor's account, or the key in a hook's address, leads to: see `connections`.

    Only hashes stand here: a key cannot be read from the table.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection_id = models.UUIDField(db_index=True)
    """A row of the clinic's own `connections_connection`."""

    class Meta:
        ordering: ClassVar = ["tenant_id", "digest"]

    def __str__(self) -> str:
        return f"{self.digest[:8]}→{self.tenant_id}"


class Job(models.Model):
    """One piece of work on a clinic's life that outlives any worker: see `tenants.jobs`."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting its turn"
        RUNNING = "running", "At work"
        HELD = "held", "Waiting for a second person"
        DONE = "done", "Done"
        FAILED = "failed", "Stopped"
        CANCELLED = "cancelled", "Cancelled"

    OPEN: ClassVar = (State.QUEUED, State.RUNNING, State.HELD)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.PROTECT, related_name="+")
    """None: of the platform as a whole, or of a clinic that is not there yet."""
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    is_alone = models.BooleanField(default=True)
    """Whether no other such job may be open for the same clinic."""
    asked_from = models.CharField(max_length=10, default="clinic")
    """`clinic`, `operators`, `command` or `platform` (a task of the beat)."""
    asked_by = models.CharField(max_length=200, blank=True, default="")
    approved_by = models.CharField(max_length=200, blank=True, default="")
    not_before = models.DateTimeField(null=True)
    step = models.CharField(max_length=40, blank=True, default="")
    """The step that comes next, or is under way."""
    log = models.JSONField(default=list)
    """[{"step", "at", "seconds"}] of what is done, in order."""
    notes = models.JSONField(default=dict)
    """What one step leaves for the next; nothing of patients."""
    result = models.JSONField(default=dict)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=1000, blank=True, default="")
    wants_cancel = models.BooleanField(default=False)
    claim = models.UUIDField(null=True)
    """Whose work it is: a worker that finds another's claim here stops."""
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-created_at"]),
            models.Index(fields=["state", "heartbeat_at"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(state__in=["queued", "running", "held"], is_alone=True),
                name="job_one_open_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN
