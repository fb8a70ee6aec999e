from __future__ import annotations

from django.apps import AppConfig


class PathologyConfig(AppConfig):
    name = "clinical.pathology"
    label = "pathology"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.documents.rules import close_off
        from clinical.pathology.selectors import files_of_results, unreviewed_count
        from clinical.pathology.timeline import SOURCE
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from ui.navigation import WORK_LISTS, NavItem, register

        register_tab(
            Tab(
                "Results",
                "pathology:list",
                "results.view",
                56,
                icon="microscope",
                count=unreviewed_count,
            )
        )
        timeline.register(SOURCE)
        close_off("results.view", files_of_results)
        register(
            NavItem(
                "Results",
                "pathology:inbox",
                "microscope",
                permission="results.view",
                order=36,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "File results",
                "pathology:filing",
                "file-import",
                permission="results.create",
                order=37,
                group=WORK_LISTS,
            )
        )
