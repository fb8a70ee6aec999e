"""Sending by Gmail: through the whole road from a clinic's mail to what stands in its Sent folder."""

from __future__ import annotations

import base64
import json
import urllib.request
from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMessage

from billing_integrations.gmail import mailer
from connections.mailbox import connection_for_clinic
from connections.models import Connection
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError, UnclearError
from tenants.scope import tenant_scope
from tests.peers.proxy import Answered, Fault

SENDING = "/gmail/v1/users/me/messages/send"


def is_sending(asked):
    return asked.path == SENDING


def google_error(status, reason, **headers):
    error = {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}
    return Fault(Answered.of(error, status, **headers))


def mail(clinic, **facts):
    facts = {
        "subject": "Your invoice – November",
        "body": "Good day,\nGrüße\n",
        "from_email": "Praxis Müller via Nexus <no-reply@nexus.example>",
        "to": ["Ada Nörth <ada@example.com>"],
        "headers": {"Message-ID": "<0001@nexus.example>"},
    } | facts
    made = EmailMessage(connection=connection_for_clinic(clinic), **facts)
    made.attach("ü.pdf", b"%PDF-1.7 \x00\xff", "application/pdf")
    return made


def sent_from(google, email):
    """Read a mailbox at the peer, as its owner would."""
    # A bearer the peer does not know is its first user; beta's is asked for with its own token.
    found = []
    for asked, answered in google.seen:
        if asked.path == SENDING and answered.status == 200:
            read = f"{google.peer}/gmail/v1/users/me/messages/{answered.json()['id']}?format=raw"
            request = urllib.request.Request(  # noqa: S310 - loopback
                read, headers={"Authorization": asked.headers["authorization"]}
            )
            with urllib.request.urlopen(request, timeout=10) as page:  # noqa: S310 - loopback
                content = base64.urlsafe_b64decode(json.load(page)["raw"] + "==")
            message = message_from_bytes(content, policy=policy.default)
            if email in message["From"]:
                found.append(message)
    return found


def test_two_clinics_write_from_their_own_mailboxes_and_never_from_each_others(
    alpha, beta, google, connect
):
    connect(alpha, "desk@alpha.example")
    connect(beta, "desk@beta.example")

    mail(alpha).send()
    mail(beta, to=["bo@example.com"]).send()

    [of_alpha], [of_beta] = (sent_from(google, f"desk@{x}.example") for x in ("alpha", "beta"))
    text, attached = of_alpha.get_body(), next(of_alpha.iter_attachments())
    assert of_alpha["From"] == "Praxis Müller via Nexus <desk@alpha.example>"
    assert (of_alpha["To"], of_alpha["Subject"], of_alpha["Message-ID"]) == (
        "Ada Nörth <ada@example.com>", "Your invoice – November", "<0001@nexus.example>",
    )  # fmt: skip
    assert text.get_content().splitlines() == ["Good day,", "Grüße"]
    assert (attached.get_filename(), attached.get_content()) == ("ü.pdf", b"%PDF-1.7 \x00\xff")
    assert (of_beta["From"], of_beta["To"]) == (
        "Praxis Müller via Nexus <desk@beta.example>", "bo@example.com",
    )  # fmt: skip
    bearers = {asked.headers["authorization"] for asked, _ in google.seen if is_sending(asked)}
    assert len(bearers) == 2


def test_an_answer_stands_below_what_it_answers(alpha, google, connect):
    connect(alpha, "desk@alpha.example")
    first = mail(alpha)
    receipt = first.connection.send(first)

    answer = mail(
        alpha,
        headers={
            "Message-ID": "<0002@nexus.example>",
            "In-Reply-To": "<0001@nexus.example>",
            "References": "<0001@nexus.example>",
        },
    )
    second = answer.connection.send(answer, thread_id=receipt.thread_id)

    assert receipt.vendor_id
    assert second.vendor_id != receipt.vendor_id
    assert second.thread_id == receipt.thread_id

    gone = Fault(Answered.of({"error": {"code": 404}}, 404))
    google.fail(gone, when=lambda asked: is_sending(asked) and "threadId" in asked.json())
    assert answer.connection.send(answer, thread_id="another-mailbox's").vendor_id


def test_a_token_that_is_not_taken_is_renewed_once_and_the_mail_goes_out_once(
    alpha, google, connect
):
    connect(alpha, "desk@alpha.example")
    google.fail(google_error(401, "authError"), when=is_sending)

    mail(alpha).send()

    assert len(sent_from(google, "desk@alpha.example")) == 1
    first, second = [one.headers["authorization"] for one, _ in google.seen if is_sending(one)]
    assert first != second


def test_access_that_was_taken_back_breaks_the_connection_and_nothing_goes_by_nexus_instead(
    alpha, google, connect, mailoutbox
):
    made = connect(alpha, "desk@alpha.example")
    google.fail(google_error(401, "authError"), when=is_sending)
    ended = Fault(Answered.of({"error": "invalid_grant"}, 400))
    google.fail(ended, when=lambda asked: asked.path == "/oauth2/token")

    with pytest.raises(BrokenConnectionError, match="ended the access"):
        mail(alpha).send()

    with tenant_scope(alpha):
        made.refresh_from_db()
        assert made.state == Connection.State.BROKEN
        assert "Connect Gmail again" in made.problem
    with pytest.raises(BrokenConnectionError, match="connected again"):
        mail(alpha).send()
    assert not [one for one in mailoutbox if "ada@example.com" in one.recipients()]


def test_each_answer_of_google_means_what_it_says(alpha, google, connect):
    connect(alpha, "desk@alpha.example")
    for fault, expected, words in (
        (google_error(429, "rateLimitExceeded", Retry_After="17"), RetryLaterError, "wait"),
        (google_error(403, "userRateLimitExceeded"), RetryLaterError, "wait"),
        (google_error(403, "dailyLimitExceeded"), RetryLaterError, "daily limit"),
        (google_error(400, "Invalid To header"), RefusedError, "address"),
        (google_error(413, "tooLarge"), RefusedError, "larger"),
        (google_error(400, "invalidArgument"), RefusedError, "400"),
    ):
        google.fail(fault, when=is_sending)
        with pytest.raises(expected, match=words) as caught:
            mail(alpha).send()
        if fault.answer.status == 429:
            assert caught.value.after == 17
    with tenant_scope(alpha):
        assert Connection.objects.get().state == Connection.State.LIVE
    assert sent_from(google, "desk@alpha.example") == []

    google.fail(google_error(403, "insufficientPermissions"), when=is_sending)
    with pytest.raises(BrokenConnectionError, match="ticked"):
        mail(alpha).send()
    with tenant_scope(alpha):
        assert Connection.objects.get().state == Connection.State.BROKEN


def test_what_may_have_been_sent_is_unclear_whichever_way_the_answer_was_lost(
    alpha, google, connect
):
    connect(alpha, "desk@alpha.example")
    for lost in (Fault(cuts=True), Fault(Answered(500), passes_on=True)):
        google.fail(lost, when=is_sending)
        with pytest.raises(UnclearError):
            mail(alpha).send()

    assert len([asked for asked, _ in google.seen if is_sending(asked)]) == 2, "sent once each"


def test_a_mail_larger_than_gmail_takes_is_refused_before_it_is_sent(
    alpha, google, connect, monkeypatch
):
    connect(alpha, "desk@alpha.example")
    monkeypatch.setattr(mailer, "LARGEST", 1000)
    large = mail(alpha)
    large.attach("scan.pdf", b"x" * 2000, "application/pdf")

    with pytest.raises(RefusedError, match="smaller attachments"):
        large.send()

    assert [asked for asked, _ in google.seen if is_sending(asked)] == []


def test_a_clinic_without_a_mailbox_writes_by_nexus(alpha, gmail, google, mailoutbox):
    mail(alpha).send()

    [sent] = mailoutbox
    assert sent.from_email == "Praxis Müller via Nexus <no-reply@nexus.example>"
    assert google.seen == [], gmail.name
