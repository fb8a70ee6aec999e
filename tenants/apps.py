from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core.signals import got_request_exception

        from tenants import faults, rollout

        rollout.register()
        got_request_exception.connect(faults.note_fault, dispatch_uid="tenants.faults")
