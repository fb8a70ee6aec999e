from __future__ import annotations

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "clinical.contacts"
    label = "contacts"
    default_auto_field = "django.db.models.BigAutoField"
