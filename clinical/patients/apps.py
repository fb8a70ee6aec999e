from __future__ import annotations

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "clinical.patients"
    label = "patients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say whom a patient's row is about; other tables say it by their `patient_id`."""
        from audit import coverage

        coverage.subject("patients_patient", "id")
