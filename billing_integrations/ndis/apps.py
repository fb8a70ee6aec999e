from __future__ import annotations

from django.apps import AppConfig


class NdisConfig(AppConfig):
    name = "billing_integrations.ndis"
    label = "ndis"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage

        coverage.exempt(
            "ndis_supportitem", "the NDIA's published prices; who loaded a list is kept"
        )
        # The file as it was made: its rows are recorded one by one.
        coverage.unrecorded("ndis_claimbatch", "content")
