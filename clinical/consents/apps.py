from __future__ import annotations

from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "clinical.consents"
    label = "consents"
    default_auto_field = "django.db.models.BigAutoField"
