from __future__ import annotations

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "clinical.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.documents.timeline import SOURCES
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register
        from ui.navigation import WORK_LISTS, NavItem
        from ui.navigation import register as register_entry

        # What the machinery finds out by itself, minutes after a person brought the file.
        coverage.unrecorded("documents_document", "width", "height", "thumbnail_key")
        coverage.exempt(
            "documents_upload", "parts of a file under way; the document it becomes is recorded"
        )
        register(Tab("Documents", "documents:list", "documents.view", 60, icon="folder"))
        register_entry(
            NavItem(
                "Unlinked files",
                "documents:unlinked",
                "file-unknown",
                permission="documents.change",
                order=46,
                group=WORK_LISTS,
            )
        )
        for source in SOURCES:
            timeline.register(source)
