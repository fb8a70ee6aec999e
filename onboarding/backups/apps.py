from __future__ import annotations

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "onboarding.backups"
    label = "backups"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from onboarding.backups import where
        from onboarding.backups.kinds import register_kinds
        from support.facts import find_facts
        from tenants.grants import grant_to_app

        for table in ("backups_backup", "backups_drill", "backups_selfcheck"):
            grant_to_app(table, "SELECT")
        register_kinds()
        find_facts("Backups", "history", where.backups)
        find_facts("Looked after", "shield-check", where.looks)
