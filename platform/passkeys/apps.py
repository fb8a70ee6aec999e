from __future__ import annotations

from django.apps import AppConfig


class PasskeysConfig(AppConfig):
    name = "passkeys"
    label = "passkeys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from tenants.closing import stays_open

        coverage.unrecorded("passkeys_passkey", "sign_count", "last_used_at")
        stays_open("passkeys:login_options", "passkeys:login")
