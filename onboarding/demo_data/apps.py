from __future__ import annotations

from django.apps import AppConfig


class DemoDataConfig(AppConfig):
    name = "onboarding.demo_data"
    label = "demo_data"
    default_auto_field = "django.db.models.BigAutoField"
