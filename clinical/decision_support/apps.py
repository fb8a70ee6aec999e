from __future__ import annotations

from django.apps import AppConfig


class DecisionSupportConfig(AppConfig):
    name = "clinical.decision_support"
    label = "decision_support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.appointments import drawer_facts
        from clinical.decision_support.banners import prompts_in_drawer, prompts_in_header
        from clinical.patients import header
        from ui.navigation import NavItem, register

        # What the nightly look finds; what people decide about it is recorded.
        coverage.unrecorded("decision_support_prompt", "because", "checked_at")
        header.register("rules", prompts_in_header)
        drawer_facts.register("rules", prompts_in_drawer)
        register(
            NavItem(
                "Clinical reminders",
                "decision_support:rules",
                "bulb",
                permission="settings.change",
                order=75,
                group="Settings",
                section="Records",
                about="What the record reminds clinicians of",
            )
        )
