from __future__ import annotations

from django.apps import AppConfig


class ChecklistConfig(AppConfig):
    name = "onboarding.checklist"
    label = "checklist"
    default_auto_field = "django.db.models.BigAutoField"
