from __future__ import annotations

from django.apps import AppConfig


class DemoDataConfig(AppConfig):
    name = "onboarding.demo_data"
    label = "demo_data"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from onboarding.demo_data import kinds
        from ui.navigation import SETTINGS, NavItem, register

        coverage.unrecorded("demo_data_demotable", "keys")
        kinds.register_all()
        register(
            NavItem(
                "Demo data",
                "demo_data:page",
                "flask",
                permission="imports.create",
                order=77,
                group=SETTINGS,
                section="Data",
                about="Invented patients to look around with, in and out with one click",
            )
        )
