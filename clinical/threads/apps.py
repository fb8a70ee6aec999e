from __future__ import annotations

from django.apps import AppConfig


class ThreadsConfig(AppConfig):
    name = "clinical.threads"
    label = "threads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.patients import header
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.threads.heading import open_tasks
        from clinical.threads.selectors import unread_of
        from ui.navigation import NavItem, register

        coverage.unrecorded("threads_participant", "unread_since")
        coverage.unrecorded("threads_thread", "last_post_at")
        coverage.unrecorded("threads_attachment", "scan")
        register(
            NavItem(
                "Team inbox",
                "threads:inbox",
                "inbox",
                permission="threads.view",
                order=28,
                counts=unread_of,
            )
        )
        register_tab(Tab("Team", "threads:about", "threads.view", 75, icon="messages"))
        header.register(
            "team tasks",
            open_tasks,
            permission="threads.view",
            rows="threads_thread WHERE patient_id = %(patient)s AND task = 'open'",
        )
