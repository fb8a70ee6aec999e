"""A clinic's FileMaker Server: where it is, who reads it, and how the last attempt went."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from tenants.models import ClinicModel


class FileMakerConnection(ClinicModel):
    """One hosted database and the account that reads it.

    The password is sealed (`tenants.vault`, provider "filemaker", field "password:<id>") and empty
    once the clinic has disconnected. `shown` names the layouts (Data API) or tables (OData) to read;
    empty means that they are chosen.
    """

    class Kind(models.TextChoices):
        """As `ImportSource.Kind` calls them."""

        DATA_API = "dataapi", "Data API"
        ODATA = "odata", "OData"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DATA_API)
    host = models.CharField(max_length=260)
    database = models.CharField(max_length=255)
    account = models.CharField(max_length=255)
    sealed_password = models.TextField(blank=True, default="")
    authority_pem = models.TextField(blank=True, default="")
    """The certificate of the clinic's own authority, where the server's is not from a known one."""
    shown = models.JSONField(default=list)
    is_connected = models.BooleanField(default=False)
    """Whether the last attempt, a test or an import, came through."""
    last_checked_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")
    last_error_remedy = models.TextField(blank=True, default="")
    last_report = models.JSONField(default=dict)
    """What the last test found, as `services.report_as_json` writes it."""
    last_sync_at = models.DateTimeField(null=True)
    """When the database was last read to its end."""
    checking_since = models.DateTimeField(null=True)
    sealed_session = models.TextField(blank=True, default="")
    """The token of a session that is open now, so that one left by a crash can be ended."""
    saved_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "kind", Lower("host"), Lower("database"), name="imports_connection_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.database} on {self.host}"

    @property
    def has_password(self) -> bool:
        return bool(self.sealed_password)
