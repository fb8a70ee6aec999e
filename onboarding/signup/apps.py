from __future__ import annotations

from django.apps import AppConfig

from tenants.grants import grant_to_app


class SignupConfig(AppConfig):
    name = "onboarding.signup"
    label = "signup"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from onboarding.signup.sweeping import SWEEP
        from tenants import jobs

        grant_to_app("signup_signup", "SELECT, INSERT, UPDATE")
        jobs.register(SWEEP)
