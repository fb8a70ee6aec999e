from __future__ import annotations

from django.apps import AppConfig


class RecallsConfig(AppConfig):
    name = "clinical.recalls"
    label = "recalls"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.appointments import changes
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.recalls.following import follow_plans, follow_status
        from ui.navigation import WORK_LISTS, NavItem, register

        changes.listen("recalls", follow_plans)
        changes.listen_for_status("recalls", follow_status)
        register(
            NavItem(
                "Recalls",
                "recalls:list",
                "phone-call",
                permission="recalls.view",
                order=31,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "Recall types",
                "recalls:types",
                "repeat",
                permission="settings.change",
                order=72,
                group="Settings",
                section="Diary",
                about="When patients are asked back",
            )
        )
        register_tab(Tab("Recalls", "recalls:of_patient", "recalls.view", 78, icon="phone-call"))
