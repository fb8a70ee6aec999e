from __future__ import annotations

from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "clinical.rights"
    label = "rights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.patients import header
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.rights import facts, parts
        from clinical.rights.erasing import erase_people
        from clinical.rights.exporting import make_copy
        from clinical.rights.research import make_extract
        from tenants import jobs
        from tenants.jobs import Kind, Step
        from ui.navigation import NavItem, register

        parts.register_all()
        # The register is the one place that keeps a name; its own history must not keep it again.
        coverage.withhold("rights_destruction", "name")
        coverage.exempt("rights_erasedrow", "the working list of an erasure, empty when it is done")
        header.register(
            "restrictions",
            facts.restrictions,
            rows="rights_restriction WHERE patient_id = %(patient)s AND ended_at IS NULL",
        )
        header.register(
            "statements", facts.statements, rows="rights_statement WHERE patient_id = %(patient)s"
        )
        header.register(
            "holds",
            facts.holds,
            permission="privacy.view",
            rows="rights_legalhold WHERE patient_id = %(patient)s AND lifted_at IS NULL",
        )
        register_tab(Tab("Privacy", "rights:record", "privacy.view", 92, icon="shield-lock"))
        register_tab(
            Tab("As it was", "rights:as_it_was", "privacy.view", 96, icon="history-toggle")
        )
        register(
            NavItem(
                "Privacy",
                "rights:overview",
                "shield-lock",
                permission="privacy.view",
                order=77,
                group="Settings",
                section="Records",
                about="Requests of patients, retention, destruction register, data breaches, research",
            )
        )
        jobs.register(
            Kind(
                "rights_copy",
                "A person's own copy",
                (Step("make", "Writing the record and the files", make_copy),),
                from_clinic=True,
                is_alone=False,
            )
        )
        jobs.register(
            Kind(
                "rights_extract",
                "Research extract",
                (Step("make", "Generalising and counting", make_extract),),
                from_clinic=True,
                is_alone=False,
            )
        )
        jobs.register(
            Kind(
                "rights_erase",
                "Erasure of records",
                (Step("erase", "Erasing records, history and files", erase_people),),
                from_clinic=True,
            )
        )
