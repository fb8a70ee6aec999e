from __future__ import annotations

from django.apps import AppConfig


class LettersConfig(AppConfig):
    name = "clinical.letters"
    label = "letters"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.letters.timeline import FOUND, SOURCE
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.search import finding
        from ui.navigation import NavItem, register

        register_tab(Tab("Letters", "letters:list", "letters.view", 50, icon="mail"))
        register(
            NavItem(
                "Letter templates",
                "letters:templates",
                "template",
                permission="letters.create",
                order=72,
                group="Settings",
                section="Records",
                about="Wordings of letters, with fields filled from the record",
            )
        )
        timeline.register(SOURCE)
        finding.register(FOUND)
        coverage.unrecorded("letters_letter", "search")
