from __future__ import annotations

from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "onboarding.lifecycle"
    label = "lifecycle"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from onboarding.lifecycle import banners, kinds, trail
        from tenants import jobs
        from ui.banners import register_banner

        kinds.register_all()
        jobs.listen(trail.record_news)
        register_banner(banners.state_of_clinic)
