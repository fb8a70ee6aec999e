from __future__ import annotations

from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "onboarding.lifecycle"
    label = "lifecycle"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from onboarding.lifecycle import banners, deleting, kinds, moving, trail
        from tenants import jobs
        from ui.banners import register_banner

        kinds.register_all()
        jobs.listen(trail.record_news)
        jobs.listen(deleting.call_off)
        jobs.listen(moving.call_off)
        coverage.unrecorded(
            "lifecycle_certificate", "pdf", "facts"
        )  # figures of no person, and long
        register_banner(banners.state_of_clinic)
