from __future__ import annotations

from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "clinical.consents"
    label = "consents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.consents.facts import consents, preferences
        from clinical.patients import header
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from ui.navigation import NavItem, register

        register_tab(Tab("Consents", "consents:list", "patients.view", 70, icon="signature"))
        register(
            NavItem(
                "Consents",
                "consents:kinds",
                "signature",
                permission="settings.change",
                order=76,
                group="Settings",
                section="Records",
                about="What patients are asked to agree to",
            )
        )
        header.register("consents", consents)
        header.register(
            "preferences",
            preferences,
            rows="consents_contactpreference WHERE patient_id = %(patient)s",
        )
