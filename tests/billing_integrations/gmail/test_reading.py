"""Answers are read where the clinic has agreed to it, and of them only what is somebody's."""

from __future__ import annotations

import json
import time
import urllib.request
from base64 import urlsafe_b64encode
from email.message import EmailMessage

import pytest
from django.urls import reverse
from django.utils import timezone

from billing_integrations.gmail import answers, reading, tasks
from clinical.messages.incoming_mail import split_quoted
from clinical.messages.models import Message, SentMail
from clinical.patients.models import ContactPoint, Patient
from connections import tokens
from connections.mailbox import connection_for_clinic
from connections.models import Connection
from tenants.scope import tenant_scope
from tests.peers.proxy import Answered, Fault

BOX = "/gmail/v1/users/me"


def asked_for(google):
    return [asked for asked, _ in google.seen if asked.path.startswith(f"{BOX}/messages/")]


def at_peer(google, clinic, path, body=None):
    opened = tokens.open_connection(clinic, "gmail")
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{google.peer}{BOX}{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {opened.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as page:  # noqa: S310 - loopback
        return json.load(page)


def arrives(google, clinic, sender, text, *, thread="", attach=False, **headers):
    """Let a mail come into a clinic's inbox; answers its id."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Somebody <{sender}>", "desk", "Re: Your visit"
    mail["Message-ID"] = f"<{time.time_ns()}@elsewhere.example>"
    for name, content in headers.items():
        mail[name.replace("_", "-")] = content
    mail.set_content(text)
    if attach:
        mail.add_attachment(b"%PDF-1.7", "application", "pdf", filename="referral.pdf")
    raw = urlsafe_b64encode(mail.as_bytes()).decode()
    body = {"raw": raw, "labelIds": ["INBOX", "UNREAD"]} | ({"threadId": thread} if thread else {})
    return at_peer(google, clinic, "/messages/import", body)["id"]


@pytest.fixture
def agreed(google, connect):
    """Connect a clinic's mailbox with the consent to read, and begin to read now."""

    def agree(clinic, email):
        made = connect(clinic, email, {"reads": True})
        now = Fault(Answered.of({"historyId": f"{time.time_ns() // 10**6}00000000"}))
        google.fail(now, when=lambda asked: asked.path == f"{BOX}/profile")
        assert reading.read(clinic) == 0
        return made

    return agree


@pytest.fixture
def connected_client(alpha, connect, sign_in):
    """Answer the connection of a clinic that only sends, and its owner's browser."""
    return connect(alpha, "desk@alpha.example"), sign_in(alpha, "owner")


def patient(clinic, name, *addresses):
    with tenant_scope(clinic):
        made = Patient.objects.create(given_names=name, family_name="North")
        for one in addresses:
            ContactPoint.objects.create(patient=made, kind="email", value=one, normalised=one)
        return made


def kept(clinic):
    with tenant_scope(clinic):
        return list(Message.objects.filter(direction="in").select_related("patient").order_by("id"))


def test_an_answer_goes_to_its_patient_and_what_is_nobodys_is_left_alone(
    alpha, beta, google, agreed
):
    agreed(alpha, "desk@alpha.example")
    agreed(beta, "desk@beta.example")
    ada = patient(alpha, "Ada", "ada@example.com", "family@example.com")
    bo = patient(alpha, "Bo", "family@example.com")
    patient(beta, "Cy", "ada@example.com")
    with tenant_scope(alpha):
        SentMail.objects.create(
            patient=bo, topic="letter:1", address="vale@example.com", mailbox="desk@alpha.example",
            message_ref="<ours@alpha.example>", thread_id="", sent_at=timezone.now(),
        )  # fmt: skip
    google.forget()
    arrives(google, alpha, "ADA@example.com", "See you.\n\nOn Mon, 1 June, Desk wrote:\n> Hi")
    arrives(google, alpha, "vale@example.com", "Thanks", References="<x@y> <ours@alpha.example>",
            attach=True)  # fmt: skip
    arrives(google, alpha, "family@example.com", "Which of us?")
    shop = arrives(google, alpha, "shop@example.com", "Buy now")

    assert (reading.read(alpha), reading.read(alpha), reading.read(beta)) == (2, 0, 0)

    from_ada, from_vale = kept(alpha)
    assert (from_ada.patient, from_ada.address, from_ada.body) == (
        ada, "ada@example.com", "See you.",
    )  # fmt: skip
    assert from_ada.quoted.endswith("> Hi")
    assert (from_ada.channel, from_ada.state, from_ada.subject) == (
        "email", "received", "Re: Your visit",
    )  # fmt: skip
    assert (from_vale.patient, from_vale.attached) == (bo, "referral.pdf")
    assert kept(beta) == []
    formats = [one.query["format"] for one in asked_for(google) if one.path.endswith(shop)]
    assert formats == [["metadata"]], "only the outside of a mail that is nobody's"
    assert not [one for one in asked_for(google) if "attachments" in one.path]


def test_a_history_too_old_is_made_up_for_from_the_last_days_and_nothing_is_kept_twice(
    alpha, google, agreed
):
    agreed(alpha, "desk@alpha.example")
    patient(alpha, "Ada", f"late{time.time_ns()}@example.com")
    [sender] = [one.value for one in _points(alpha)]
    arrives(google, alpha, sender, "First")
    assert reading.read(alpha) == 1
    arrives(google, alpha, sender, "Second")
    google.fail(
        Fault(Answered.of({"error": {"code": 404}}, 404)), when=lambda one: "/history" in one.path
    )
    now = Fault(Answered.of({"historyId": f"{time.time_ns() // 10**6}00000000"}))
    google.fail(now, when=lambda one: one.path == f"{BOX}/profile")

    assert reading.read(alpha) == 1

    assert [one.body for one in kept(alpha)] == ["First", "Second"]
    [agreed_at] = [
        int(one.removeprefix("after:")) for one in google.asked("GET", "/messages")[0].query["q"]
    ]
    assert agreed_at > time.time() - 60, "not of before the consent"


def _points(clinic):
    with tenant_scope(clinic):
        return list(ContactPoint.objects.all())


def test_without_the_consent_nothing_is_read_and_its_end_leaves_sending_as_it_is(
    alpha, google, connect, agreed, mailoutbox
):
    made = connect(alpha, "desk@alpha.example")
    google.forget()
    assert reading.read(alpha) == 0
    assert google.seen == []

    agreed(alpha, "desk@alpha.example")
    refusal = {"error": {"code": 403, "message": "insufficient authentication scopes"}}
    google.fail(Fault(Answered.of(refusal, 403)), when=lambda one: "/history" in one.path)
    assert reading.read(alpha) == 0
    with tenant_scope(alpha):
        made.refresh_from_db()
        assert made.state == Connection.State.LIVE
        assert "still go out" in answers.how_it_stands(made).problem
    connection = connection_for_clinic(alpha)
    from tests.billing_integrations.gmail.test_mailer import mail

    assert connection.send(mail(alpha)).vendor_id
    assert mailoutbox == []


def test_the_switch_asks_google_for_one_more_scope_and_back_again(
    alpha, google, connected_client, agreed, monkeypatch
):
    made, client = connected_client
    page = reverse("mailboxes:settings", urlconf="config.urls_clinic")
    switch = reverse("mailboxes:reading", urlconf="config.urls_clinic")
    assert "Nothing is read" in client.get(page).content.decode()

    to_google = client.post(switch, {"action": "on"})
    assert to_google.url.startswith(google.url)
    assert "gmail.send" in to_google.url
    assert "gmail.readonly" in to_google.url
    assert "has not given the consent" in client.get(page).content.decode()

    agreed(alpha, "desk@alpha.example")
    assert "Answers are read" in client.get(page).content.decode()
    sent = []
    monkeypatch.setattr(tasks.read, "delay_for", sent.append)
    tasks.read_everywhere()
    client.post(switch, {"action": "off"})
    tasks.read_everywhere()
    assert sent == [alpha.pk]
    google.forget()
    opened = tokens.open_connection(alpha, "gmail")
    renewed = google.asked("POST", "/oauth2/token")[0].body.decode()
    assert "gmail.readonly" not in renewed
    assert reading.read(alpha) == 0
    assert opened.token
    with tenant_scope(alpha):
        made.refresh_from_db()
        assert not answers.how_it_stands(made).is_on


def test_what_a_mail_repeats_is_told_from_what_it_says():
    for text, own in (
        ("Yes\n\nOn Mon, 1 June 2026 at 9:00 Desk\n<desk@alpha.example> wrote:\n> Hi", "Yes"),
        ("Ja\n\nAm 1. Juni schrieb Praxis:\n> Hi", "Ja"),
        ("Fine\n-----Original Message-----\nFrom: x", "Fine"),
        ("Fine\nFrom: Desk <d@x>\nSent: Monday\nTo: Ada", "Fine"),
        ("Ok\n> Hi\n>\n> there\n", "Ok"),
        ("> Can you come?\nYes, on Monday", "> Can you come?\nYes, on Monday"),
        ("On Mon Desk wrote:\n> Hi\nBelow", "On Mon Desk wrote:\n> Hi\nBelow"),
        ("From: here it is far", "From: here it is far"),
    ):
        assert split_quoted(text)[0] == own
