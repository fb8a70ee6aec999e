from __future__ import annotations

from django.apps import AppConfig


class NdisConfig(AppConfig):
    name = "billing_integrations.ndis"
    label = "ndis"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from billing_integrations.invoices import hooks, panels
        from billing_integrations.ndis.booking import warnings_while_booking
        from billing_integrations.ndis.drafts import warnings_of_draft
        from billing_integrations.ndis.facts import funds_left
        from billing_integrations.ndis.funds import uses_of
        from billing_integrations.ndis.panel import claims_facts
        from billing_integrations.ndis.services import keep_claimed_invoice
        from clinical.appointments import booking_warnings
        from clinical.funding.selectors import count_spending
        from clinical.patients import header
        from ui.navigation import SETTINGS, WORK_LISTS, NavItem, register

        coverage.exempt(
            "ndis_supportitem", "the NDIA's published prices; who loaded a list is kept"
        )
        # The file as it was made: its rows are recorded one by one.
        coverage.unrecorded("ndis_claimbatch", "content")
        count_spending(uses_of)
        header.register("ndis_funds", funds_left)
        booking_warnings.register("ndis", warnings_while_booking, permission="patients.view")
        hooks.listen("ndis", on_voided=keep_claimed_invoice)
        hooks.warn("ndis", warnings_of_draft)
        panels.register_block(panels.Block("claims", "ndis/_panel.html", claims_facts, order=20))
        register(
            NavItem(
                "Plan managers",
                "ndis:plan_managers",
                "building-bank",
                permission="invoices.view",
                order=48,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "NDIS claims",
                "ndis:claims",
                "file-export",
                permission="invoices.view",
                order=47,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "NDIS",
                "ndis:settings",
                "receipt-dollar",
                permission="settings.view",
                order=73,
                group=SETTINGS,
                section="Money",
                about="Price limits of the NDIA, regions",
            )
        )
