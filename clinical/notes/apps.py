from __future__ import annotations

from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "clinical.notes"
    label = "notes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.notes.timeline import SOURCE
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register

        register(Tab("Notes", "notes:list", "notes.view", 40, icon="notes"))
        timeline.register(SOURCE)
