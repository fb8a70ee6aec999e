from __future__ import annotations

from django.apps import AppConfig


class XeroConfig(AppConfig):
    name = "billing_integrations.xero"
    label = "xero"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing_integrations.xero import provider, registration

        provider.register()
        registration.register()
