from __future__ import annotations

from django.apps import AppConfig


class RestoreConfig(AppConfig):
    name = "onboarding.restore"
    label = "restore"

    def ready(self) -> None:
        from onboarding.restore.kinds import RESTORE
        from tenants import jobs

        jobs.register(RESTORE)
