"""What an export holds: every table of a clinic, found in the models, less what lets people in.

A table or column added tomorrow is in tomorrow's export.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db.models import GeneratedField

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

LEFT_OUT = {
    "accounts_session": "who is signed in: its keys would let somebody in",
    "otp_totp_totpdevice": "the seeds of one-time codes",
    "otp_static_staticdevice": "the devices of backup codes",
    "otp_static_statictoken": "backup codes",
    "audit_queue": "which events wait to be sealed, for seconds",
    "imports_stagedrecord": "a passing copy of an uploaded file; what was loaded is in imports_importlink",
    "imports_runprogress": "a counter of work under way",
    "mv_patient_summary": "figures the database makes from the tables that are exported",
    "mv_todays_appointments": "a view of the appointments, which are exported",
    "patients_summarymark": "which of those figures wait to be made anew, for seconds",
    "documents_upload": "parts of files under way",
}
"""Tables that are not exported, and why; the manifest says so too."""

WITHHELD = {
    ("accounts_user", "password"): "how a password is kept",
    ("imports_filemakerconnection", "sealed_password"): "a sealed password",
    ("imports_filemakerconnection", "sealed_session"): "a sealed session",
}
"""Columns that are not exported, and why."""

LOOKS_SECRET = (
    "password", "passphrase", "secret", "token", "salt", "private", "sealed", "credential", "seed",
    "api_key", "key_digest", "recovery",
)  # fmt: skip
"""A column whose name has one of these in it is withheld unless it stands in HARMLESS."""

HARMLESS: dict[tuple[str, str], str] = {
    ("audit_seal", "sealed_at"): "when a seal was made",
    ("audit_payload", "salt"): "goes with the payload beside it, to verify its commitment anywhere",
}
"""Columns that only sound like secrets, and what they are."""


@dataclass(frozen=True)
class Table:
    """One table of the export, with its columns in the models' order."""

    name: str
    model: type[Model]
    columns: tuple[str, ...]

    @property
    def rows(self) -> QuerySet[Model]:
        """All of them, hidden ones too."""
        return self.model._base_manager.all()  # noqa: SLF001 - the default manager may leave rows out

    @property
    def path(self) -> str:
        return f"tables/{self.name}.csv"


def exported_tables() -> list[Table]:
    """Answer the tables of an export, those of the clinic's records first."""
    return [
        Table(model._meta.db_table, model, tuple(columns_of(model)))
        for model in clinic_models()
        if model._meta.db_table not in LEFT_OUT
    ]


def clinic_models() -> list[type[Model]]:
    """Answer every model that has its table in a clinic's schema, managed by migrations or not."""
    inside = set(settings.TENANT_APPS)
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_config.name in inside and not model._meta.proxy
    ]
    order = {name: place for place, name in enumerate(settings.TENANT_APPS)}
    last = ("audit", "accounts", "django_otp")
    return sorted(
        found,
        key=lambda model: (
            model._meta.app_config.name.startswith(last),
            order[model._meta.app_config.name],
        ),
    )


def columns_of(model: type[Model]) -> list[str]:
    """Answer what of a table is exported: not what the database derives, and no secret."""
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if not isinstance(field, GeneratedField)
        and not is_withheld(model._meta.db_table, str(field.column))
    ]


def is_withheld(table: str, column: str) -> bool:
    """True for a secret, and for whatever sounds like one until somebody has said that it is none."""
    if (table, column) in WITHHELD:
        return True
    return (table, column) not in HARMLESS and any(word in column for word in LOOKS_SECRET)
