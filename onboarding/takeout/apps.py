from __future__ import annotations

from django.apps import AppConfig


class TakeoutConfig(AppConfig):
    name = "onboarding.takeout"
    label = "takeout"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from onboarding.takeout.work import EXPORT
        from tenants import jobs
        from ui.navigation import NavItem, register

        coverage.unrecorded("takeout_takeout", "phase", "done", "total", "heartbeat_at", "tables")
        jobs.register(EXPORT)
        register(
            NavItem(
                "Export",
                "takeout:list",
                "database-export",
                permission="imports.export",
                order=76,
                group="Settings",
                section="Data",
                about="Take everything along, as tables and files",
            )
        )
