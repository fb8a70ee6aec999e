"""Clinics with accounts for texts, texts to send, and calls of vendors given on to Nexus."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.test import Client

from clinical.messages.models import Message
from clinical.messages.sending import put_text
from connections import services
from connections.models import OutboxEntry
from connections.providers import Account
from connections.providers import provider as provider_of
from tenants.scope import tenant_scope

ACCOUNT, TOKEN = "AC" + "1" * 32, "token-of-alpha-in-tests"
NUMBER = "+61480000001"
OTHER_ACCOUNT, OTHER_TOKEN = "AC" + "0" * 32, "twilio_test_auth_token"
OTHER_NUMBER = "+15551234567"
"""The account that emulate comes with."""
PATIENT = "+61412345678"


def connect_twilio(clinic, *, sid=ACCOUNT, token=TOKEN, sender=NUMBER, **secrets):
    return connect(
        clinic,
        "twilio",
        sid,
        secrets={"auth_token": token, **secrets},
        options={"account_sid": sid, "sender": sender},
    )


def connect_clicksend(clinic, *, user="clinic", sender=NUMBER):
    return connect(
        clinic,
        "clicksend",
        user,
        secrets={"api_key": f"key-of-{user}"},
        options={"username": user, "sender": sender},
    )


def connect(clinic, provider, account, *, secrets, options):
    """Connect a clinic as a worker ends up doing it."""
    with tenant_scope(clinic):
        return services.establish(
            provider_of(provider),
            Account(account, f"{clinic.name}'s account"),
            secrets=secrets,
            options=options,
            at=datetime.now(UTC) - timedelta(hours=1),
        )


def write_text(clinic, body="Your appointment is tomorrow at 9:00.", number=PATIENT, **facts):
    """Queue a text to a number of nobody's; answers its id."""
    with tenant_scope(clinic):
        message = Message.objects.create(
            channel="sms",
            address=number,
            normalised=f"0{number[3:]}" if number.startswith("+61") else number,
            body=body,
        )
        put_text(message, **facts)
        return message.pk


def text(clinic, pk):
    with tenant_scope(clinic):
        return Message.objects.get(pk=pk)


def entries(clinic):
    """Answer how each entry of the outbox stands: (state, attempts)."""
    with tenant_scope(clinic):
        return list(OutboxEntry.objects.values_list("state", "attempts").order_by("pk"))


def make_due(clinic):
    """Let everything that waits be due now."""
    with tenant_scope(clinic):
        OutboxEntry.objects.filter(state="waiting").update(
            not_before=datetime.now(UTC) - timedelta(seconds=1)
        )
        from connections.models import Connection

        Connection.objects.update(paused_until=None)


def call(address, body, *, content_type="application/x-www-form-urlencoded", **headers):
    """Give a vendor's call on to Nexus; answers the status."""
    parts = urlsplit(address)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    client = Client(headers={"host": "localhost"})
    return client.post(path, body, content_type=content_type, headers=headers).status_code
