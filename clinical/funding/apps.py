from __future__ import annotations

from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "clinical.funding"
    label = "funding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.funding.facts import head_of_the_record
        from clinical.patients import header
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab

        register_tab(Tab("NDIS plan", "funding:list", "patients.view", 37, icon="wallet"))
        header.register(
            "ndis",
            head_of_the_record,
            rows="patients_patient p WHERE p.id = %(patient)s AND (p.plan_start IS NOT NULL "
            "OR p.plan_end IS NOT NULL OR EXISTS "
            "(SELECT FROM funding_ndisplan n WHERE n.patient_id = p.id))",
        )
