from __future__ import annotations

from django.apps import AppConfig


class StorageConfig(AppConfig):
    name = "billing_integrations.storage"
    label = "clinic_storage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from billing_integrations.storage.places import storage_before
        from billing_integrations.storage.vendor import bucket
        from connections import providers
        from tenants.storage import lies_elsewhere

        coverage.unrecorded(
            "clinic_storage_storagemove", "heartbeat_at", "total", "moved", "moved_bytes"
        )
        providers.register(bucket())
        lies_elsewhere(storage_before)
