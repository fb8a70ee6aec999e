from __future__ import annotations

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "clinical.appointments"
    label = "appointments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.permissions import Action, Resource
        from clinical.appointments.timeline import SOURCE
        from clinical.patients import timeline
        from events.topics import register_topic
        from ui import pwa
        from ui.navigation import NavItem, register

        register(
            NavItem(
                "Diary",
                "appointments:diary",
                "calendar",
                permission="appointments.view",
                order=10,
            )
        )
        timeline.register(SOURCE)
        pwa.keep_offline(
            "appointments:kept_day",
            permission="appointments.view",
            stands_for=("home", "appointments:day", "appointments:diary"),
        )
        register_topic("diary", needs=(Action.VIEW, Resource.APPOINTMENTS))
        register_topic("waiting", needs=(Action.VIEW, Resource.APPOINTMENTS))
