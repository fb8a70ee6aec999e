from __future__ import annotations

from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    name = "operators"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ui.navigation import NavItem, register

        register(
            NavItem(
                "Clinics",
                "operators:tenants",
                "building-hospital",
                permission="tenants.view",
                order=10,
                site="operators",
            )
        )
