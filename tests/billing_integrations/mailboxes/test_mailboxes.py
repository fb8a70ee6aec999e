"""The page of the clinic's mailbox, the mail that tries it, and letters through two clinics' servers."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core import mail as mail_by_nexus
from django.utils import timezone

from accounts.models import User
from billing_integrations.mailboxes.tasks import send_test_mail
from billing_integrations.smtp.forms import SmtpForm
from clinical.letters import mailing
from clinical.letters.models import Letter, LetterMail
from clinical.letters.tasks import send as send_letter
from clinical.measures import tasks as measures_tasks
from clinical.measures.models import PatientLink
from clinical.messages.models import Message
from clinical.patients.models import Patient
from clinical.practice.models import Location
from connections import outbox, providers, services, tokens
from connections.models import Connection
from connections.opened import OpenConnection
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tenants.tasks import TENANT_HEADER
from tests.peers.smtp import mail_server


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """Two servers, one for each clinic; their certificates in one file."""
    folder = tmp_path_factory.mktemp("servers")
    for name in ("a", "b"):
        (folder / name).mkdir()
    with mail_server(folder / "a") as first, mail_server(folder / "b") as second:
        both = folder / "authorities.pem"
        both.write_bytes(first.authority.read_bytes() + second.authority.read_bytes())
        first.user, second.user = "desk@alpha.example", "desk@beta.example"
        yield both, first, second


@pytest.fixture
def servers(peers, settings, monkeypatch):
    authorities, *found = peers
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    settings.PRIVATE_NETWORKS = {"": ("127.0.0.0/8", "::1/128")}
    for server in found:
        server.posts.clear()
        server.answers.clear()
        server.cut_after_data = False
    return found


def connect(clinic, server):
    vendor = providers.provider("smtp")
    options = {
        "host": server.host, "port": server.port, "security": "starttls", "user": server.user,
        "from_address": server.user, "reply_to": "",
    }  # fmt: skip
    assert SmtpForm(options | {"password": server.password}).is_valid()
    secrets = {"password": server.password}
    opened = OpenConnection(uuid7(), "smtp", "", "", secrets, options, clinic=clinic.pk)
    [account] = vendor.adapter.accounts(opened)
    with tenant_scope(clinic):
        return services.establish(
            vendor, account, secrets=secrets, options=options, at=timezone.now()
        )


def person(clinic, role="owner"):
    with tenant_scope(clinic):
        return User.objects.create(
            email=f"{role}@{clinic.subdomain}.example", name="Olga", role=role
        )


def letter_to(clinic, actor, address):
    with tenant_scope(clinic):
        place = Location.objects.create(name="Harbour", phone="5550")
        letter = Letter.objects.create(
            patient=Patient.objects.create(given_names="Ada", family_name="North"),
            subject="Knee", body="Secret", location=place, state="final", finalised_at=timezone.now(),
        )  # fmt: skip
        [sent] = mailing.send_by_mail(
            letter, actor=actor, at=timezone.now(), practice=clinic.name,
            to=[mailing.Address("Dr Vale", address)],
        )  # fmt: skip
        return sent


def deliver(clinic, sent):
    send_letter.apply([str(sent.pk)], headers={TENANT_HEADER: clinic.pk}, throw=True)
    with tenant_scope(clinic):
        return LetterMail.objects.get(pk=sent.pk)


def test_letters_of_two_clinics_go_out_by_their_own_servers(alpha, beta, servers):
    of_alpha, of_beta = servers
    connect(alpha, of_alpha)
    connect(beta, of_beta)

    first = deliver(alpha, letter_to(alpha, person(alpha), "vale@example.com"))
    second = deliver(beta, letter_to(beta, person(beta), "other@example.com"))

    [a], [b] = of_alpha.posts, of_beta.posts
    read = message_from_bytes(a.content, policy=policy.default)
    assert (first.state, second.state) == ("sent", "sent")
    assert (a.sender, a.recipients) == ("desk@alpha.example", ["vale@example.com"])
    assert (b.sender, b.recipients) == ("desk@beta.example", ["other@example.com"])
    assert read["From"] == "Alpha Physiotherapy <desk@alpha.example>"
    assert str(first.pk) in read["Message-ID"]
    assert "answer this mail" in read.get_body().get_content()
    assert [one.get_content_type() for one in read.iter_attachments()] == ["application/pdf"]
    assert mail_by_nexus.outbox == []


def test_a_letter_cut_off_after_its_last_dot_may_have_been_sent_and_is_never_repeated(
    alpha, servers, sign_in
):
    server, _ = servers
    connect(alpha, server)
    server.cut_after_data = True
    sent = letter_to(alpha, person(alpha), "vale@example.com")

    assert (deliver(alpha, sent).state, deliver(alpha, sent).state) == ("unclear", "unclear")

    assert len(server.posts) == 1
    with tenant_scope(alpha):
        assert Message.objects.get().state == "unclear"
        assert Connection.objects.get().state == "live"
    page = sign_in(alpha, "admin").get(f"/letters/{sent.letter_id}/").content.decode()
    assert "May have been sent" in page
    assert "Then it arrives twice" in page or "then it arrives twice" in page


def test_a_password_that_is_not_taken_any_more_stops_all_mail_in_words(alpha, servers, sign_in):
    server, _ = servers
    connect(alpha, server)
    server.password = "another one"
    try:
        sent = deliver(alpha, letter_to(alpha, person(alpha), "vale@example.com"))
    finally:
        server.password = "an-app-password"

    page = sign_in(alpha, "admin").get("/settings/mail/").content.decode()
    assert sent.state == "failed"
    assert "does not accept the user name and password" in sent.problem
    assert "No mail goes out at the moment" in page
    assert mail_by_nexus.outbox == []


def test_a_questionnaires_link_goes_out_once_by_the_clinics_server(alpha, servers):
    server, _ = servers
    connect(alpha, server)
    server.cut_after_data = True
    with tenant_scope(alpha):
        link = PatientLink.objects.create(
            patient=Patient.objects.create(given_names="Ada", family_name="North"),
            code="x", instrument_version="1", token_digest="x", email="ada@example.com",
            expires_at=timezone.now() + timedelta(days=3),
        )  # fmt: skip

    measures_tasks.send_link.apply([str(link.pk)], headers={TENANT_HEADER: alpha.pk}, throw=True)

    with tenant_scope(alpha):
        link.refresh_from_db()
    assert len(server.posts) == 1
    assert "may have been sent" in link.mail_problem


def test_a_mail_of_the_outbox_goes_out_by_the_clinics_server(alpha, servers):
    server, _ = servers
    connect(alpha, server)
    with tenant_scope(alpha):
        message = Message.objects.create(
            patient=Patient.objects.create(given_names="Ada", family_name="North"),
            channel="email", direction="out", address="ada@example.com", body="See you on Monday.",
        )  # fmt: skip
        entry = outbox.put("messages.mail", message, key="a reminder")
        handler = outbox.kind_of(entry).handler
        assert handler.provider_of(entry) == "smtp"
        prepared = handler.prepare(entry)

    handler.send(entry, prepared, tokens.open_connection(alpha, "smtp"))

    [post] = server.posts
    assert (post.sender, post.recipients) == ("desk@alpha.example", ["ada@example.com"])
    assert f"<{entry.pk}@".encode() in post.content


def test_the_owner_tries_it_and_sees_where_mail_comes_from(alpha, servers, sign_in):
    server, _ = servers
    client = sign_in(alpha, "owner")
    before = client.get("/settings/mail/").content.decode()
    connect(alpha, server)

    asked = client.post("/settings/mail/test/")
    send_test_mail.apply([str(client.person.pk)], headers={TENANT_HEADER: alpha.pk}, throw=True)

    after = client.get("/settings/mail/").content.decode()
    assert asked.status_code == 302
    assert "Connect the practice" in before
    assert "desk@alpha.example" in after
    assert [post.recipients for post in server.posts] == [[client.person.email]]
    server.answers["RCPT"] = "550 none"
    send_test_mail.apply([str(client.person.pk)], headers={TENANT_HEADER: alpha.pk}, throw=True)
    assert "does not take this address" in client.get("/settings/mail/").content.decode()


def test_only_who_may_manage_connections_sees_the_page(alpha, sign_in):
    client = sign_in(alpha, "reception")

    assert client.get("/settings/mail/").status_code == 403
    assert client.post("/settings/mail/test/").status_code == 403
    assert client.get("/settings/files/").status_code == 403
    assert client.post("/settings/files/move/").status_code == 403
