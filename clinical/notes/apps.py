from __future__ import annotations

from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "clinical.notes"
    label = "notes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.notes.timeline import SOURCE
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register

        register(Tab("Notes", "notes:list", "notes.view", 40, icon="notes"))
        timeline.register(SOURCE)
        # A draft is saved every few seconds: that it changed is recorded, each wording is not. What
        # was signed is recorded whole, with its version.
        coverage.withhold("notes_note", "body", "sections")
        coverage.unrecorded("notes_note", "revision")
