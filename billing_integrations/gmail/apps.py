from __future__ import annotations

from django.apps import AppConfig


class GmailConfig(AppConfig):
    name = "billing_integrations.gmail"
    label = "gmail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing_integrations.gmail.addresses import offer_all
        from billing_integrations.gmail.mailer import GmailMailer
        from billing_integrations.gmail.vendor import gmail
        from connections import mailbox, providers

        offer_all()
        providers.register(gmail())
        mailbox.register("gmail", GmailMailer)
