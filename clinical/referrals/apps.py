from __future__ import annotations

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "clinical.referrals"
    label = "referrals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.appointments import drawer_facts
        from clinical.patients import header, timeline
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.referrals.facts import beside_the_visit, head_of_the_record
        from clinical.referrals.timeline import SOURCE
        from ui.navigation import WORK_LISTS, NavItem, register

        register_tab(Tab("Referrals", "referrals:list", "patients.view", 36, icon="file-import"))
        register(
            NavItem(
                "Referrals running out",
                "referrals:running_out",
                "file-import",
                permission="patients.change",
                order=33,
                group=WORK_LISTS,
            )
        )
        header.register(
            "referrals",
            head_of_the_record,
            rows="referrals_referral WHERE patient_id = %(patient)s AND state = 'active'",
        )
        drawer_facts.register("referrals", beside_the_visit)
        timeline.register(SOURCE)
