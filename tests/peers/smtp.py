"""aiosmtpd on loopback, over TLS with a certificate of its own, and told how to misbehave."""

from __future__ import annotations

import datetime as dt
import importlib.util
import socket
import ssl
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "desk@clinic.example", "an-app-password"


@dataclass
class Post:
    """A mail as the server took it."""

    sender: str
    recipients: list[str]
    content: bytes


@dataclass
class MailServer:
    """The server as a test sees it. `answers` replaces replies: verb in capitals → the reply.

    `cut_after_data`: the mail is kept, then the connection is cut before the answer.
    """

    host: str
    port: int
    authority: Path
    posts: list[Post] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    cut_after_data: bool = False
    user: str = USER
    password: str = PASSWORD


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost and 127.0.0.1 and its key; it is its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own: of two authorities with the same one, only the first is looked at.
    called = f"Nexus tests {x509.random_serial_number():x}"[:60]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "smtp.pem", folder / "smtp.key"
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path


@contextmanager
def mail_server(folder: Path, *, tls: bool = False) -> Iterator[MailServer]:
    """Run it for the block: STARTTLS, or TLS from the first byte. Skips where it is not installed."""
    if importlib.util.find_spec("aiosmtpd") is None:
        pytest.skip("aiosmtpd is not installed (pip install aiosmtpd)")
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    authority, key = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, key)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = MailServer("localhost", port, authority)

    def authenticate(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, words: Any
    ) -> AuthResult:
        known = (server.user.encode(), server.password.encode())
        return AuthResult(success=(words.login, words.password) == known, handled=False)

    controller = Controller(
        _Handler(server),
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if tls else None,
        tls_context=None if tls else context,
        require_starttls=not tls,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=not tls,
        server_hostname="localhost",
    )
    if tls:  # what the controller tries out by itself does not trust its own certificate
        controller._trigger_server = partial(_greet, port, authority)
    with warnings.catch_warnings():
        # With TLS from the first byte there is no word in clear; aiosmtpd does not know that.
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
        controller.start()
        try:
            yield server
        finally:
            controller.stop()


def _greet(port: int, authority: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
        trusting.wrap_socket(raw, server_hostname="localhost") as encrypted,
    ):
        encrypted.recv(100)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        return self.server.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        answer = self.server.answers.get(f"RCPT {address}") or self.server.answers.get("RCPT")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        if answer := self.server.answers.get("DATA"):
            return answer
        self.server.posts.append(
            Post(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        )
        if self.server.cut_after_data:
            server.transport.abort()
        return "250 OK"
