"""One mail to a clinic's mail server, over TLS only, and what each way of failing means.

The name is resolved once, every address it leads to is checked (`ports.addresses`), and the connection
is made to one of those. A mail counts as handed over from the moment its last dot is written: what
goes wrong before then has sent nothing, what goes wrong after it is unclear.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import getaddresses, parseaddr
from enum import StrEnum
from typing import TYPE_CHECKING

from ports.addresses import HostUnknownError, NetworkPolicy, PrivateHostError, resolve
from ports.mail import MailReceipt
from ports.outcomes import (
    BrokenConnectionError,
    DeliveryError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from ports.addresses import Address

CONNECT_SECONDS = 10
SECONDS = 30
MAIL_PORTS = frozenset({25, 465, 587, 2525})
_PERMANENT = 500
_GO_ON = 354
_TOO_LARGE = 552
_UNAVAILABLE = 421


class Security(StrEnum):
    """How the connection is encrypted: from its first byte, or after a word in clear."""

    TLS = "tls"
    STARTTLS = "starttls"


@dataclass(frozen=True)
class Server:
    """A mail server and the account on it."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    policy: NetworkPolicy = field(default_factory=NetworkPolicy)


class SmtpMailer:
    """A mailbox on a mail server."""

    def __init__(self, server: Server, *, address: str, reply_to: str = "") -> None:
        self.server, self.address, self.reply_to = server, address, reply_to

    def send(self, mail: EmailMessage, *, thread_id: str = "") -> MailReceipt:  # noqa: ARG002 - SMTP knows no threads, its headers do
        """Send it to everyone it names; raises errors of `ports.outcomes`."""
        recipients = list(
            dict.fromkeys(
                address
                for _name, address in getaddresses(
                    [str(v) for name in ("To", "Cc", "Bcc") for v in mail.get_all(name, [])]
                )
                if address
            )
        )
        if not recipients:
            raise RefusedError("The mail has no address to go to.")
        del mail["Bcc"]
        if self.reply_to and "Reply-To" not in mail:
            mail["Reply-To"] = self.reply_to
        sender = parseaddr(str(mail["From"]))[1] or self.address
        session = open_session(self.server)
        try:
            _hand_over(session, sender, recipients, mail.as_bytes())
        finally:
            _close(session)
        return MailReceipt()

    def check(self) -> None:
        """Log in and leave again; raises errors of `ports.outcomes`."""
        _close(open_session(self.server))


class _PinnedMixin:
    """A session with the addresses that were checked; the certificate is checked for the name."""

    addresses: tuple[Address, ...]

    def _connected(self, port: int) -> socket.socket:
        problem: OSError = OSError("no address")
        for address in self.addresses:
            try:
                return socket.create_connection((str(address), port), timeout=CONNECT_SECONDS)
            except OSError as error:
                problem = error
        raise problem


class _Session(_PinnedMixin, smtplib.SMTP):
    def __init__(self, addresses: tuple[Address, ...], host: str, port: int) -> None:
        self.addresses = addresses
        super().__init__(host, port, local_hostname="nexus", timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - the checked addresses stand for the name
        return self._connected(port)


class _TlsSession(_PinnedMixin, smtplib.SMTP_SSL):
    def __init__(self, addresses: tuple[Address, ...], host: str, port: int) -> None:
        self.addresses = addresses
        super().__init__(
            host,
            port,
            local_hostname="nexus",
            timeout=SECONDS,
            context=ssl.create_default_context(),
        )

    def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:  # noqa: ARG002 - as above
        raw = self._connected(port)
        try:
            return self.context.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise


def open_session(server: Server) -> smtplib.SMTP:
    """Connect, encrypt and log in; raises RetryLaterError, RefusedError or BrokenConnectionError."""
    addresses = _addresses(server)
    session: smtplib.SMTP | None = None
    try:
        if server.security is Security.TLS:
            session = _TlsSession(addresses, server.host, server.port)
        else:
            session = _Session(addresses, server.host, server.port)
        if session.sock is not None:
            session.sock.settimeout(SECONDS)
        if server.security is Security.STARTTLS:
            session.starttls(context=ssl.create_default_context())
        session.ehlo_or_helo_if_needed()
        session.login(server.user, server.password)
    except (OSError, smtplib.SMTPException) as error:
        if session is not None:
            _close(session)
        raise _before_the_mail(error, server.host) from error
    return session


def _addresses(server: Server) -> tuple[Address, ...]:
    try:
        found = resolve(server.host, server.port, server.policy)
    except HostUnknownError:
        raise RetryLaterError(
            f"No mail server is known by the name {server.host}. Check the name, or try again later."
        ) from None
    except PrivateHostError:
        raise BrokenConnectionError(
            f"{server.host} leads into a private network, which Nexus does not connect to."
        ) from None
    is_outside = all(NetworkPolicy().permits(address) for address in found)
    if is_outside and server.port not in MAIL_PORTS:
        raise BrokenConnectionError("Mail servers are reached on port 465, 587, 2525 or 25 only.")
    return found


def _before_the_mail(error: Exception, host: str) -> DeliveryError:
    """Say why no session came about; nothing has been sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokenConnectionError(
            f"The certificate of {host} is not valid: {error.verify_message}. Check the server's "
            "name, or ask whoever runs it."
        )
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= _PERMANENT:
        return BrokenConnectionError(
            f"{host} does not accept the user name and password. Enter them again; some providers "
            "want a password made for apps."
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return BrokenConnectionError(
            f"{host} does not offer what is needed: {error}. Choose the other way of encryption."
        )
    if isinstance(error, ssl.SSLError):
        return BrokenConnectionError(
            f"{host} does not speak TLS on this port. Choose the other way of encryption, or the "
            "other port (465 for TLS, 587 for STARTTLS)."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return RetryLaterError(f"{host} does not take mail now ({error.smtp_code}).")
    return RetryLaterError(f"{host} could not be reached. Nothing was sent.")


def _hand_over(session: smtplib.SMTP, sender: str, recipients: list[str], content: bytes) -> None:
    """Speak one mail; nothing goes to anybody unless the server takes every address."""
    is_handed_over = False
    try:
        options = [f"size={len(content)}"] if session.has_extn("size") else []
        _expect(session.mail(sender, options), "the sender")
        for recipient in recipients:
            _expect(session.rcpt(recipient), "this address", of=recipient)
        session.putcmd("data")
        code, words = session.getreply()
        if code != _GO_ON:
            _expect((code, words), "the mail")
        session.send(_dotted(content))
        is_handed_over = True
        session.send(b".\r\n")
        _expect(session.getreply(), "the mail")
    except (OSError, smtplib.SMTPException) as error:
        if is_handed_over:
            raise UnclearError(
                "The mail server broke off before it had answered: the mail may have been sent. "
                "Ask, or look into the mailbox's log, before it is sent again."
            ) from error
        raise RetryLaterError("The mail server broke off. Nothing was sent.") from error


def _expect(answer: tuple[int, bytes], what: str, *, of: str = "") -> None:
    code, _words = answer
    if code < 300:  # noqa: PLR2004 - SMTP's own range
        return
    if code == _TOO_LARGE:
        raise RefusedError("The mail is larger than the mail server allows.")
    whom = f"{what} ({of})" if of else what
    if code >= _PERMANENT:
        raise RefusedError(f"The mail server does not take {whom}: it answered {code}.")
    raise RetryLaterError(f"The mail server does not take {whom} now: it answered {code}.")


def _dotted(content: bytes) -> bytes:
    """Answer the mail as it is spoken: CRLF, dots doubled (RFC 5321), without the last dot."""
    return b"".join(_lines(content))


def _lines(content: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        yield (b"." if line.startswith(b".") else b"") + line + b"\r\n"


def _close(session: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException):
        if session.sock is not None:
            session.sock.settimeout(2)
        session.quit()
    with suppress(OSError, smtplib.SMTPException):
        session.close()
