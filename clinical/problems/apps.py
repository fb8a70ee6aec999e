from __future__ import annotations

from django.apps import AppConfig


class ProblemsConfig(AppConfig):
    name = "clinical.problems"
    label = "problems"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.patients import header, timeline
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.problems.banners import allergies_in_header
        from clinical.problems.timeline import SOURCE
        from ui.navigation import NavItem, register

        coverage.exempt(
            "problems_code", "a published classification; who loaded which edition is recorded"
        )
        register_tab(
            Tab("Health summary", "problems:summary", "notes.view", 36, icon="heart-rate-monitor")
        )
        timeline.register(SOURCE)
        header.register(
            "allergies",
            allergies_in_header,
            permission="notes.view",
            rows="problems_allergy WHERE patient_id = %(patient)s",
        )
        register(
            NavItem(
                "Diagnosis codes",
                "problems:code_lists",
                "list-numbers",
                permission="settings.change",
                order=74,
                group="Settings",
                section="Records",
                about="Codes for diagnoses, such as ICD-10-AM",
            )
        )
