"""Gmail as the Integrations page offers it."""

from __future__ import annotations

from django.conf import settings

from billing_integrations.gmail.addresses import AUTHORIZE, REVOKE, TOKEN
from billing_integrations.gmail.connecting import SEND, GmailConnecting
from billing_integrations.gmail.reading import wanted_scopes
from connections.providers import Limits, OAuth, Provider, Trade


def gmail() -> Provider:
    """Describe it with the platform's own client at Google (`NEXUS_GOOGLE_CLIENT`).

    Google lets a mailbox send 60 times a minute, and 2,000 mails a day from a Workspace account (500
    from a private one, of which its own refusal tells).
    """
    client_id, client_secret = settings.VENDOR_CLIENTS.get("google", ("", ""))
    return Provider(
        key="gmail",
        name="Gmail",
        trade=Trade.MAIL,
        icon="mail",
        summary="Letters, invoices and reminders go out from the practice's own Gmail mailbox, and "
        "stand in its Sent folder; answers arrive there.",
        adapter=GmailConnecting(),
        limits=Limits(at_once=4, a_minute=60, a_day=2000),
        oauth=OAuth(
            authorize_url=AUTHORIZE,
            token_url=TOKEN,
            revoke_url=REVOKE,
            client_id=client_id,
            client_secret=client_secret,
            scopes=("openid", "email", SEND),
            extra={"access_type": "offline", "prompt": "consent"},
            client_auth="client_secret_post",
            more=wanted_scopes,
        ),
        settings_url="mailboxes:settings",
        order=20,
    )
