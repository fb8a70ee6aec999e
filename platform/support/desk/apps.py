from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "support.desk"
    label = "support_desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tenants.grants import grant_to_app

        grant_to_app("support_desk_case", "SELECT, INSERT, UPDATE")
