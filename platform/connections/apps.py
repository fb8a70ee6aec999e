from __future__ import annotations

import logging

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "connections"
    label = "connections"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from connections import revoking, sealing  # noqa: F401 - both register what they do
        from connections.banner import broken_connection
        from ui.banners import register_banner
        from ui.navigation import NavItem, register

        coverage.withhold("connections_connection", "sealed")
        coverage.unrecorded(
            "connections_connection", "last_success_at", "paused_until", "expires_at", "renewed_at",
            "checking_since", "checked_at",
        )  # fmt: skip
        coverage.exempt(
            "connections_outboxentry",
            "work on its way, about things whose own changes are recorded; who decided what to do "
            "with an entry is an event of its own",
        )
        coverage.exempt(
            "connections_inboxevent", "as vendors sent it; what follows from it is recorded"
        )
        # An address may hold an account's number: requests are not logged one by one.
        for name in ("httpx2", "httpcore2", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        register(
            NavItem(
                "Integrations",
                "integrations:list",
                "plug-connected",
                "integrations.view",
                70,
                "Settings",
                section="Integrations",
                about="Accounting, mail, texts and files of other services",
            )
        )
        register_banner(broken_connection)
