from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import navigation
        from audit import coverage

        coverage.exempt("accounts_session", "log-ins and log-outs are events of their own")
        coverage.unrecorded("accounts_user", "last_login")
        navigation.register_all()
