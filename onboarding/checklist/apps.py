from __future__ import annotations

from django.apps import AppConfig


class ChecklistConfig(AppConfig):
    name = "onboarding.checklist"
    label = "checklist"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ui.cards import Card, register_card
        from ui.navigation import SETTINGS, NavItem, register

        register_card(Card("checklist:card", permission="settings.create"))
        register(
            NavItem(
                "Set-up",
                "checklist:page",
                "list-check",
                permission="settings.create",
                order=60,
                group=SETTINGS,
                section="Practice",
                about="What is set up and what is left, step by step",
            )
        )
