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
        SUSPENDED = "suspended", "Suspended"
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
    error = models.TextField(blank=True)
    migrated_at = models.DateTimeField(auto_now=True)

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
