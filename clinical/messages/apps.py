from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "clinical.messages"
    label = "clinic_messages"
    default_auto_field = "django.db.models.BigAutoField"
