from __future__ import annotations

from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    name = "clinical.measures"
    label = "measures"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage

        # A draft is saved with every answer: that it changed is recorded, the answers are not. The
        # finished row is kept by the database as it is.
        coverage.withhold("measures_assessment", "answers", "note")
        coverage.unrecorded("measures_assessment", "revision")
        coverage.withhold("measures_patientlink", "token_digest")
