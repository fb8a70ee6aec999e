"""What goes to one person about one thing stands in one thread, as long as the mailbox is the same."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clinical.letters import mailing
from clinical.letters.models import Letter, LetterMail
from clinical.messages.models import Message, SentMail
from clinical.patients.models import Patient
from connections.models import Connection
from tenants.scope import tenant_scope
from tests.billing_integrations.gmail.test_mailer import SENDING, sent_from


@pytest.fixture
def send(monkeypatch):
    """Send a letter to an address as its task does; answers the mail's row."""
    monkeypatch.setattr(mailing, "letter_pdf", lambda *_given, **_named: b"%PDF-1.7")

    def go(clinic, letter, address):
        now = timezone.now()
        with tenant_scope(clinic):
            message = Message.objects.create(
                patient=letter.patient, channel="email", address=address, body="Attached."
            )
            mail = LetterMail.objects.create(
                letter=letter, message=message, address=address, asked_at=now, changed_at=now
            )
            claimed = mailing.claim(mail.pk, clinic=clinic, at=now)
        outcome = mailing.deliver(claimed)
        with tenant_scope(clinic):
            mailing.close(mail.pk, outcome, at=now)
            mail.refresh_from_db()
        assert mail.state == "sent", mail.problem
        return mail

    return go


@pytest.fixture
def letter(alpha):
    with tenant_scope(alpha):
        ada = Patient.objects.create(given_names="Ada", family_name="North")
        return Letter.objects.create(
            patient=ada, subject="Knee", body="x", state="final", finalised_at=timezone.now()
        )


def threads(clinic):
    with tenant_scope(clinic):
        return list(SentMail.objects.order_by("id").values_list("thread_id", flat=True))


def posted(google):
    return [asked.json() for asked, _ in google.seen if asked.path == SENDING]


def test_a_correction_stands_below_its_letter_and_other_peoples_mails_do_not(
    alpha, google, connect, send, letter
):
    connect(alpha, "desk@alpha.example")
    send(alpha, letter, "vale@example.com")
    with tenant_scope(alpha):
        corrected = Letter.objects.create(
            patient=letter.patient, subject="Knee", body="y", state="final", replaces=letter,
            version=2, finalised_at=timezone.now(),
        )  # fmt: skip
    send(alpha, corrected, "Vale@example.com")
    send(alpha, corrected, "other@example.com")

    first, second, other = sent_from(google, "desk@alpha.example")
    assert (second["In-Reply-To"], second["References"]) == (first["Message-ID"],) * 2
    assert second["Subject"] == first["Subject"]
    assert other["References"] is None
    of_first, of_second, of_other = threads(alpha)
    assert of_first
    assert of_first == of_second
    assert of_other != of_first
    assert [one.get("threadId") for one in posted(google)] == [None, of_first, None]


def test_a_thread_of_the_mailbox_before_is_not_named_to_the_new_one(
    alpha, google, connect, send, letter
):
    connect(alpha, "desk@alpha.example")
    send(alpha, letter, "vale@example.com")
    with tenant_scope(alpha):
        Connection.objects.update(state="off", sealed="", external_id="")
    connect(alpha, "desk@beta.example")

    send(alpha, letter, "vale@example.com")

    [later] = sent_from(google, "desk@beta.example")
    assert later["References"]
    assert [one.get("threadId") for one in posted(google)] == [None, None]
    with tenant_scope(alpha):
        assert SentMail.objects.filter(mailbox="desk@beta.example").count() == 1
