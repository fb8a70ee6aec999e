from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "clinical.reports"
    label = "reports"

    def ready(self) -> None:
        from ui.navigation import NavItem, register

        register(
            NavItem("Reports", "reports:period", "chart-bar", permission="reports.view", order=40)
        )
