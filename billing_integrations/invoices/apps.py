from __future__ import annotations

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    name = "billing_integrations.invoices"
    label = "invoices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing_integrations.invoices.timeline import SOURCE
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register

        register(Tab("Invoices", "invoices:list", "invoices.view", 80, icon="receipt"))
        timeline.register(SOURCE)
