from __future__ import annotations

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "clinical.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage

        # What the machinery finds out by itself, minutes after a person brought the file.
        coverage.unrecorded("documents_document", "width", "height", "thumbnail_key")
