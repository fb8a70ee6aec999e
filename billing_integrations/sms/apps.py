from __future__ import annotations

from django.apps import AppConfig


class SmsConfig(AppConfig):
    name = "billing_integrations.sms"
    label = "sms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from billing_integrations.sms import carriers, delivery, replies, watching
        from billing_integrations.sms.clicksend import hooks as clicksend_hooks
        from billing_integrations.sms.clicksend import provider as clicksend
        from billing_integrations.sms.twilio import hooks as twilio_hooks
        from billing_integrations.sms.twilio import provider as twilio
        from connections import addresses, inbox, outbox, providers
        from ui.banners import register_banner
        from ui.navigation import NavItem, register

        addresses.offer(twilio.API, "https://api.twilio.com")
        addresses.offer(clicksend.API, "https://rest.clicksend.com")
        providers.register(twilio.TWILIO)
        providers.register(clicksend.CLICKSEND)
        carriers.carries(twilio.KEY, twilio.carrier)
        carriers.carries(clicksend.KEY, clicksend.carrier)
        inbox.receives(
            twilio.KEY,
            twilio_hooks.TwilioReceiver(),
            answer=twilio_hooks.ANSWER,
            content_type="text/xml",
        )
        inbox.receives(clicksend.KEY, clicksend_hooks.ClickSendReceiver())
        # Both vendors can be asked what they have taken before anything is sent again.
        outbox.delivers(delivery.TEXT, delivery.TextDelivery(), repeats=True, label="Text")
        outbox.delivers(delivery.TEST, delivery.TestDelivery(), repeats=True, label="Test text")
        outbox.delivers(
            replies.REPLIES, replies.RepliesDelivery(), repeats=True, label="Address for replies"
        )
        coverage.exempt("sms_poll", "how far a vendor's lists were read")
        register_banner(watching.banner)
        register(
            NavItem(
                "SMS account",
                "sms:settings",
                "message-2",
                permission="integrations.view",
                order=71,
                group="Settings",
                section="Integrations",
                about="Your own Twilio or ClickSend",
            )
        )
