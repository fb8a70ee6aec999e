from __future__ import annotations

from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"
    label = "support"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.visitors import know_visitors
        from audit import coverage
        from support import facts
        from support.banner import support_banner
        from support.visits import person_of_visit
        from support.wall import check_guards, missing_guards
        from tenants.closing import stays_open
        from tenants.isolation import also_check
        from tenants.walls import on_finished_schema
        from ui.banners import register_banner
        from ui.navigation import NavItem, register

        coverage.withhold("support_visit", "token_digest", "operator_session")
        coverage.unrecorded("support_access", "letter")
        facts.register_all()
        know_visitors(person_of_visit)
        on_finished_schema(missing_guards)
        also_check(check_guards)
        # A clinic that is read-only is the one that needs looking at.
        stays_open(*(f"support:{name}" for name in ("enter", "leave", "offer", "answer", "end")))
        register_banner(support_banner, first=True)
        register(
            NavItem(
                "Support access",
                "support:owner",
                "lifebuoy",
                "support.view",
                80,
                "Settings",
                section="Data",
                about="Let somebody of Nexus in for a time, and see what they opened",
            )
        )
        register(
            NavItem(
                "Where your data live",
                "support:where",
                "world-pin",
                "support.view",
                81,
                "Settings",
                section="Data",
                about="Database, files, keys, backups and who else receives anything",
            )
        )
        register(
            NavItem(
                "Support access",
                "operators_support:list",
                "lifebuoy",
                "support.view",
                60,
                site="operators",
            )
        )
