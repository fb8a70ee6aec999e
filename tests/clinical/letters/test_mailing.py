"""Letters by mail: what goes out, that it goes out once, and what is said where it does not."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail as outbox
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clinical.consents.models import ContactPreference
from clinical.contacts.models import Contact, PatientContact
from clinical.letters import mailing, services
from clinical.letters.mailing import Address
from clinical.letters.models import Letter
from clinical.letters.selectors import addresses_for, likely_recipients
from clinical.messages.models import Message
from clinical.patients.models import ContactPoint
from clinical.practice.models import Location
from connections import mailbox

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def letter(clinician, patient):
    place = Location.objects.create(name="Harbour", phone="5550", email="desk@alpha.example")
    return Letter.objects.create(
        patient=patient("Ada North"), subject="Knee of Ada North", body="Secret finding",
        location=place, state="final", finalised_at=NOW,
    )  # fmt: skip


def _ask(letter, actor, *addresses):
    to = [Address("Dr Vale", address) for address in addresses]
    return mailing.send_by_mail(letter, actor=actor, at=NOW, practice="Alpha", to=to)


def _deliver(mail, clinic) -> str | None:
    claimed = mailing.claim(mail.pk, clinic=clinic, at=NOW)
    if claimed is None:
        return None
    outcome = mailing.deliver(claimed)
    mailing.close(mail.pk, outcome, at=NOW)
    mail.refresh_from_db()
    return outcome.problem


def test_each_address_gets_one_mail_with_the_pdf_and_nothing_clinical(alpha, letter, clinician):
    first, second = _ask(letter, clinician, "vale@example.com", "other@example.com")
    for mail in (first, second, first):
        _deliver(mail, alpha)

    assert [sent.to for sent in outbox.outbox] == [
        ["Dr Vale <vale@example.com>"],
        ["Dr Vale <other@example.com>"],
    ]
    sent = outbox.outbox[0]
    [(name, content, kind)] = sent.attachments
    assert (kind, content[:5], "Ada" in name) == ("application/pdf", b"%PDF-", False)
    assert sent.from_email.startswith("Alpha Physiotherapy <")
    assert sent.reply_to == ["Alpha Physiotherapy <desk@alpha.example>"]
    for word in ("Ada", "North", "Knee", "Secret"):
        assert word not in sent.subject + sent.body
    assert list(Message.objects.values_list("state", "channel")) == [("sent", "email")] * 2
    letter.refresh_from_db()
    assert letter.state == "sent"


def test_a_mail_that_fails_says_why_and_is_tried_again_by_hand(
    alpha, letter, clinician, monkeypatch
):
    [mail] = _ask(letter, clinician, "vale@example.com")

    class Refusing:
        def open(self):
            pass

        def close(self):
            pass

        def send_messages(self, _messages):
            raise SMTPRecipientsRefused({"vale@example.com": (550, b"no such user")})

    with monkeypatch.context() as patched:
        patched.setattr(mailbox, "get_connection", lambda **_: Refusing())
        assert "does not take this address" in _deliver(mail, alpha)
    assert (mail.state, Message.objects.get().state) == ("failed", "failed")
    assert _deliver(mail, alpha) is None, "a task that comes twice finds nothing to do"

    mailing.send_again(mail, actor=clinician, at=NOW)
    assert _deliver(mail, alpha) == ""
    assert (mail.state, len(outbox.outbox)) == ("sent", 1)
    with pytest.raises(mailing.MailError):
        mailing.send_again(mail, actor=clinician, at=NOW)


def test_a_mail_that_the_mailbox_cannot_take_now_is_tried_again_by_itself_a_few_times(
    alpha, letter, clinician, monkeypatch
):
    [mail] = _ask(letter, clinician, "vale@example.com")

    class Away:
        def open(self):
            raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(mailbox, "get_connection", lambda **_: Away())
        seen = []
        for _ in range(mailing.MOST_TRIES):
            assert "could not be reached" in _deliver(mail, alpha)
            seen.append((mail.state, mailing.left_lying(at=NOW + mailing.LEFT_AFTER * 2)))

    assert seen == [("queued", [mail.pk])] * (mailing.MOST_TRIES - 1) + [("failed", [])]


def test_a_mail_that_may_have_arrived_is_said_to_and_only_a_person_sends_it_again(
    alpha, letter, clinician, monkeypatch
):
    [mail] = _ask(letter, clinician, "vale@example.com")

    class CutOff:
        def open(self):
            pass

        def close(self):
            pass

        def send_messages(self, _messages):
            raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(mailbox, "get_connection", lambda **_: CutOff())
        assert "may have been sent" in _deliver(mail, alpha)
    letter.refresh_from_db()
    assert (mail.state, mail.message.state, letter.state) == ("unclear", "unclear", "final")
    assert mailing.left_lying(at=NOW + mailing.LOST_AFTER * 2) == []

    mailing.send_again(mail, actor=clinician, at=NOW)
    assert _deliver(mail, alpha) == ""


def test_a_mail_broken_off_is_never_sent_by_itself_again(alpha, letter, clinician):
    [mail] = _ask(letter, clinician, "vale@example.com")
    mailing.claim(mail.pk, clinic=alpha, at=NOW - mailing.LOST_AFTER * 2)

    assert mailing.left_lying(at=NOW) == []
    mail.refresh_from_db()
    assert (mail.state, mail.problem) == ("unclear", mailing.UNKNOWN)
    assert mail.message.state == "unclear"


def test_what_cannot_go_out_is_refused(letter, clinician, person, patient):
    draft = Letter.objects.create(patient=patient("Bo Low"), body="x")
    with pytest.raises(services.UnfinishedLetterError):
        _ask(draft, clinician, "vale@example.com")
    for addresses in ((), ("no address",), ("a@example.com\nBcc: b@example.com",)):
        with pytest.raises(mailing.MailError):
            _ask(letter, clinician, *addresses)
    with pytest.raises(PermissionDenied):
        _ask(letter, person("reception"), "vale@example.com")
    _ask(letter, clinician, "vale@example.com")
    with pytest.raises(mailing.MailError, match="on its way"):
        _ask(letter, clinician, "vale@example.com")


def test_the_referrer_comes_first(letter):
    for name, kind in (("A Other", "other"), ("B Gp", "gp"), ("C Ref", "referrer")):
        contact = Contact.objects.create(name=name, email=f"{name[0]}@example.com")
        PatientContact.objects.create(patient=letter.patient, contact=contact, kind=kind)

    assert [one.name for one in likely_recipients(letter.patient)] == ["C Ref", "B Gp", "A Other"]
    assert [email for _, email in addresses_for(letter)] == [
        "C@example.com", "B@example.com", "A@example.com",
    ]  # fmt: skip


def test_a_patient_who_wants_no_mail_gets_none_and_others_do(alpha, letter, clinician):
    ContactPoint.objects.create(patient=letter.patient, kind="email", value="Ada@example.org")
    [waiting] = _ask(letter, clinician, "ada@example.org")
    ContactPreference.objects.create(patient=letter.patient, no_email=True)

    with pytest.raises(mailing.MailError, match="hand it over"):
        _ask(letter, clinician, "vale@example.com", "ADA@example.org")

    assert "does not want" in mailing.claim(waiting.pk, clinic=alpha, at=NOW).problem
    assert len(_ask(letter, clinician, "vale@example.com")) == 1
