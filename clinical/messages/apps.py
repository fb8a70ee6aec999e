from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "clinical.messages"
    label = "clinic_messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.messages.timeline import SOURCES
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register

        register(Tab("Messages", "clinic_messages:list", "messages.view", 70, icon="message"))
        for source in SOURCES:
            timeline.register(source)
