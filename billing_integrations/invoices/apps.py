from __future__ import annotations

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    name = "billing_integrations.invoices"
    label = "invoices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing_integrations.invoices import erasure, facts, timeline
        from billing_integrations.invoices.delivery import InvoiceMails
        from billing_integrations.invoices.services.mailing import KIND
        from clinical.appointments import drawer_facts
        from clinical.patients import header
        from clinical.patients import timeline as record
        from clinical.patients.tabs import Tab
        from clinical.patients.tabs import register as register_tab
        from clinical.rights.erasure import register as register_erasure
        from connections.outbox import delivers
        from ui.navigation import SETTINGS, WORK_LISTS, NavItem, register

        register_erasure(erasure.PART, kept=erasure.KEPT, exempt=erasure.LOOKED_AFTER)
        register_tab(Tab("Invoices", "invoices:list", "invoices.view", 80, icon="receipt"))
        record.register(timeline.SOURCE)
        record.register(timeline.BILLS)
        header.register(
            "invoices",
            facts.of_patient,
            permission="invoices.view",
            rows="invoices_invoice WHERE patient_id = %(patient)s AND open_cents <> 0",
        )
        drawer_facts.register("invoices", facts.of_visit, permission="invoices.view")
        drawer_facts.register_action("invoices", facts.visit_actions, permission="invoices.create")
        delivers(KIND, InvoiceMails(), repeats=False, label="Invoice by e-mail")
        register(
            NavItem("Invoices", "invoices:bills", "receipt", permission="invoices.view", order=45)
        )
        register(
            NavItem(
                "To be invoiced",
                "invoices:to_charge",
                "receipt-2",
                permission="invoices.create",
                order=46,
                group=WORK_LISTS,
            )
        )
        register(
            NavItem(
                "Billing",
                "invoices:settings",
                "cash",
                permission="settings.view",
                order=72,
                group=SETTINGS,
                section="Money",
                about="ABN and bank account, price list, fees, who pays",
            )
        )
