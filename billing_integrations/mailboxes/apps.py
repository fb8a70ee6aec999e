from __future__ import annotations

from django.apps import AppConfig


class MailboxesConfig(AppConfig):
    name = "billing_integrations.mailboxes"
    label = "mailboxes"
    default_auto_field = "django.db.models.BigAutoField"
