from __future__ import annotations

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "clinical.plans"
    label = "plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.plans.timeline import SOURCE
        from ui.navigation import WORK_LISTS, NavItem, register

        register_tab(Tab("Plans", "plans:list", "notes.view", 38, icon="target-arrow"))
        timeline.register(SOURCE)
        register(
            NavItem(
                "Plan reviews",
                "plans:due",
                "target-arrow",
                permission="notes.view",
                order=34,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "Plan templates",
                "plans:templates",
                "template",
                permission="notes.create",
                order=73,
                group="Settings",
                section="Records",
                about="Goals and exercises to start a treatment plan from",
            )
        )
