from __future__ import annotations

from django.apps import AppConfig


class PracticeConfig(AppConfig):
    name = "clinical.practice"
    label = "practice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ui.navigation import NavItem, register

        register(
            NavItem(
                "Practice",
                "practice:index",
                "building-hospital",
                permission="settings.view",
                order=70,
                group="Settings",
            )
        )
