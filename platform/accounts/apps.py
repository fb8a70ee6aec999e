from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import permissions
        from audit import coverage
        from ui import navigation as nav

        coverage.exempt("accounts_session", "log-ins and log-outs are events of their own")
        coverage.unrecorded("accounts_user", "last_login")
        nav.use_permission_check(permissions.may)
        nav.register_sign_out("accounts:logout")
        for site, label, icon in (
            ("clinic", "Staff", "users-group"),
            ("operators", "Operators", "users-group"),
        ):
            nav.register(
                nav.NavItem(
                    label,
                    "accounts:staff",
                    icon,
                    "staff.view",
                    order=80,
                    group="Settings",
                    site=site,
                )
            )
            nav.register(
                nav.NavItem(
                    "Audit trail",
                    "audit:trail",
                    "history",
                    "audit.view",
                    order=90,
                    group="Settings",
                    site=site,
                )
            )
            nav.register(
                nav.NavItem(
                    "Your account",
                    "accounts:account",
                    "user",
                    "account.view",
                    site=site,
                    place="user",
                )
            )
