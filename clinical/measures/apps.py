from __future__ import annotations

from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    name = "clinical.measures"
    label = "measures"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.letters.merge_fields import add_fields
        from clinical.measures.header import banners
        from clinical.measures.merge_fields import measure_fields
        from clinical.measures.timeline import SOURCE
        from clinical.patients import header, timeline
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from ui.navigation import WORK_LISTS, NavItem, register

        register_tab(Tab("Measures", "measures:list", "measures.run", 45, icon="chart-line"))
        timeline.register(SOURCE)
        header.register(
            "measures",
            banners,
            permission="measures.view",
            rows="measures_assessment WHERE patient_id = %(patient)s "
            "AND has_alert AND alert_seen_at IS NULL",
        )
        add_fields(measure_fields())
        register(
            NavItem(
                "Measures due",
                "measures:due",
                "chart-line",
                permission="measures.view",
                order=35,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "Measures",
                "measures:settings",
                "chart-line",
                permission="settings.change",
                order=74,
                group="Settings",
                section="Records",
                about="How long links to questionnaires last, and where help is",
            )
        )

        # A draft is saved with every answer: that it changed is recorded, the answers are not. The
        # finished row is kept by the database as it is.
        coverage.withhold("measures_assessment", "answers", "note")
        coverage.unrecorded("measures_assessment", "revision")
        coverage.withhold("measures_patientlink", "token_digest")
