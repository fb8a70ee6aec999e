from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "clinical.reports"
    label = "reports"

    def ready(self) -> None:
        from audit import coverage
        from ui.navigation import NavItem, register

        coverage.unrecorded("reports_reportfile", "done", "total", "heartbeat_at")
        register(
            NavItem("Reports", "reports:period", "chart-bar", permission="reports.view", order=40)
        )
