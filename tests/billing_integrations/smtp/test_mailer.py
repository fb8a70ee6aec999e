"""The clinic's mail server as aiosmtpd plays one, in good and bad moods."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from billing_integrations.smtp.mailer import Security, Server, SmtpMailer
from ports.addresses import NetworkPolicy
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError, UnclearError
from tests.peers.smtp import mail_server

INSIDE = NetworkPolicy.allowing("127.0.0.0/8", "::1/128")


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with mail_server(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture
def server(peer, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(peer.authority))
    peer.posts.clear()
    peer.answers.clear()
    peer.cut_after_data = False
    return peer


def mailer(peer, **changes):
    facts = {
        "host": peer.host, "port": peer.port, "security": Security.STARTTLS,
        "user": peer.user, "password": peer.password, "policy": INSIDE,
    }  # fmt: skip
    return SmtpMailer(Server(**(facts | changes)), address="desk@clinic.example")


def mail(**headers):
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = "Praxis Müller <desk@clinic.example>"
    made["To"] = "Ada Nörth <ada@example.com>"
    made["Subject"] = "Your invoice – November"
    made["Message-ID"] = "<one@clinic.example>"
    for name, value in headers.items():
        made[name] = value
    made.set_content("Good day,\n.a line that begins with a dot\nGrüße\n")
    made.add_attachment(
        b"%PDF-1.7 \x00\xff", maintype="application", subtype="pdf", filename="ü.pdf"
    )
    return made


def test_a_mail_arrives_whole_with_every_letter_of_it(server):
    mailer(server).send(mail(Cc="gp@example.com", Bcc="secret@example.com"))

    [post] = server.posts
    read = message_from_bytes(post.content, policy=policy.default)
    text, attached = read.get_body(), next(read.iter_attachments())
    assert post.sender == "desk@clinic.example"
    assert post.recipients == ["ada@example.com", "gp@example.com", "secret@example.com"]
    assert b"secret@example.com" not in post.content
    assert (read["Subject"], read["Message-ID"]) == (
        "Your invoice – November",
        "<one@clinic.example>",
    )
    assert (
        text.get_content().replace("\r\n", "\n")
        == "Good day,\n.a line that begins with a dot\nGrüße\n"
    )
    assert (attached.get_filename(), attached.get_content()) == ("ü.pdf", b"%PDF-1.7 \x00\xff")


def test_answers_go_where_the_clinic_says(server):
    to = mailer(server)
    to.reply_to = "reception@clinic.example"

    to.send(mail())

    assert b"Reply-To: reception@clinic.example" in server.posts[0].content


def test_each_answer_of_the_server_means_what_it_says(server):
    for verb, answer, expected, words in (
        ("RCPT", "550 no such user", RefusedError, "ada@example.com"),
        ("RCPT", "450 greylisted", RetryLaterError, "now"),
        ("MAIL", "550 not yours", RefusedError, "sender"),
        ("MAIL", "552 too large", RefusedError, "larger"),
        ("MAIL", "421 busy", RetryLaterError, "now"),
        ("DATA", "554 spam", RefusedError, "554"),
        ("DATA", "451 try later", RetryLaterError, "451"),
    ):
        server.answers.clear()
        server.answers[verb] = answer
        with pytest.raises(expected, match=words):
            mailer(server).send(mail())
    assert server.posts == []


def test_one_refused_address_keeps_the_mail_from_all(server):
    server.answers["RCPT bad@example.com"] = "550 none"

    with pytest.raises(RefusedError, match="bad@example"):
        mailer(server).send(mail(Cc="bad@example.com"))

    assert server.posts == []


def test_a_cut_after_the_last_dot_is_unclear_and_never_called_a_failure(server):
    server.cut_after_data = True

    with pytest.raises(UnclearError, match="may have been sent"):
        mailer(server).send(mail())

    assert len(server.posts) == 1


def test_what_a_person_has_to_put_right_breaks_the_connection(server, monkeypatch):
    with pytest.raises(BrokenConnectionError, match="user name and password"):
        mailer(server, password="wrong").check()
    with pytest.raises(BrokenConnectionError, match="other way of encryption"):
        mailer(server, security=Security.TLS).check()
    with pytest.raises(BrokenConnectionError, match="private network"):
        mailer(server, policy=NetworkPolicy()).check()
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(BrokenConnectionError, match="certificate"):
        mailer(server).check()
    assert server.posts == []


def test_a_server_that_is_away_is_tried_later(server):
    with pytest.raises(RetryLaterError, match="could not be reached"):
        mailer(server, port=1).check()
    with pytest.raises(RetryLaterError, match="No mail server"):
        mailer(server, host="nowhere.invalid").check()


def test_only_the_ports_of_mail_are_reached_outside():
    outside = Server("8.8.8.8", 6379, Security.TLS, "x", "y")

    with pytest.raises(BrokenConnectionError, match="port"):
        SmtpMailer(outside, address="a@b.example").check()


def test_tls_from_the_first_byte(tmp_path, monkeypatch):
    with mail_server(tmp_path, tls=True) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        mailer(server, security=Security.TLS).send(mail())

        assert len(server.posts) == 1
