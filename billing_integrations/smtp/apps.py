from __future__ import annotations

from django.apps import AppConfig


class SmtpConfig(AppConfig):
    name = "billing_integrations.smtp"
    label = "smtp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing_integrations.smtp.vendor import mailer_of, smtp
        from connections import mailbox, providers

        providers.register(smtp())
        mailbox.register("smtp", mailer_of)
