"""The mailbox a clinic writes from: its own where it has connected one, else the platform's.

    connection = connection_for_clinic(clinic)          # in the clinic's scope or outside of any
    EmailMessage(..., connection=connection).send()     # outside of any: a vendor is spoken to

What goes to people outside the clinic is sent so; sign-up, password resets and what Nexus tells the
staff stay on the platform's own mail. Every failure is one of `ports.outcomes`, whichever mailbox it
was: a mail that may have left already is an UnclearError, and is never sent again by itself.
A mailbox whose connection has ended is not replaced in silence: its mails fail in words until somebody
connects it again.
"""

from __future__ import annotations

import smtplib
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from connections import conditions, selectors, tokens
from connections.models import Connection
from connections.providers import Trade, provider
from ports.mail import MailReceipt
from ports.outcomes import (
    BrokenConnectionError,
    DeliveryError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)
from tenants.scope import active_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import EmailMessage as Mail

    from django.core.mail import EmailMessage

    from connections.opened import OpenConnection
    from ports.mail import Mailer
    from tenants.models import Tenant

SECONDS = 30
"""That a mail server may take to answer."""
_MIME = policy.SMTP.clone(refold_source="none")
_FINAL = 500
"""From this answer on a mail server will say the same again."""

_openers: dict[str, Callable[[OpenConnection], Mailer]] = {}


def register(key: str, opener: Callable[[OpenConnection], Mailer]) -> None:
    """Say how a connection of a provider becomes a mailbox that sends; from `AppConfig.ready`."""
    _openers[key] = opener


def opened_mailer(opened: OpenConnection) -> Mailer:
    return _openers[opened.provider](opened)


@dataclass(frozen=True)
class Mailbox:
    """From where a clinic's mails go. `provider` is empty for the platform's own mailbox."""

    address: str
    provider: str = ""
    provider_name: str = ""
    is_broken: bool = False

    @property
    def is_own(self) -> bool:
        """Answer whether it is the clinic's: replies arrive there."""
        return bool(self.provider)

    def sender(self, name: str) -> str:
        """Write the From of a mail in the name of the clinic."""
        return formataddr((" ".join(name.split()), self.address))

    @property
    def words(self) -> str:
        """Say to the clinic's people from where its mails go, and where answers arrive."""
        if not self.is_own:
            return (
                f"E-mails go out from {self.address}, the address of Nexus. Connect the clinic's own "
                "mailbox under Settings → Integrations to write from it."
            )
        if self.is_broken:
            return (
                f"E-mails go out from {self.address} ({self.provider_name}), which has to be "
                "connected again under Settings → Integrations. Until then none is sent."
            )
        return f"E-mails go out from {self.address} ({self.provider_name}); answers arrive there."


def platform_mailbox() -> Mailbox:
    return Mailbox(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])


def current_mailbox() -> Mailbox:
    """Answer from where the mails of the clinic in scope go."""
    found = selectors.in_use(Trade.MAIL)
    if found is None or found.provider not in _openers:
        return platform_mailbox()
    return Mailbox(
        address=found.account_name,
        provider=found.provider,
        provider_name=provider(found.provider).name,
        is_broken=found.state == Connection.State.BROKEN,
    )


def connection_for_clinic(clinic: Tenant, *, timeout: int = SECONDS) -> ClinicMail:
    """Answer a mail connection as Django's mails take one. Which mailbox is decided here and now.

    Sending through the clinic's own mailbox must happen outside every scope.
    """
    scope = active_scope()
    if scope is not None and scope.tenant_id == clinic.pk:
        return ClinicMail(clinic, current_mailbox(), timeout=timeout)
    with tenant_scope(clinic):
        return ClinicMail(clinic, current_mailbox(), timeout=timeout)


class ClinicMail(BaseEmailBackend):
    """What Django calls a mail backend, for one clinic's mails."""

    def __init__(self, clinic: Tenant, mailbox: Mailbox, *, timeout: int = SECONDS) -> None:
        super().__init__()
        self.clinic, self.mailbox, self.timeout = clinic, mailbox, timeout

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Send them one after the other; raises the errors of `ports.outcomes` at the first failure."""
        for message in messages:
            self.send(message)
        return len(messages)

    def send(self, message: EmailMessage, *, thread_id: str = "") -> MailReceipt:
        """Send one mail and answer the vendor's ids of it; raises errors of `ports.outcomes`.

        `thread_id` is that of an earlier receipt of the same mailbox: with the headers References
        and In-Reply-To the mail then stands below the earlier one.
        """
        if not message.recipients():
            raise RefusedError("The mail has no address to go to.")
        if not self.mailbox.is_own:
            _send_by_platform(message, timeout=self.timeout)
            return MailReceipt()
        if self.mailbox.is_broken:
            raise BrokenConnectionError(
                f"The mail was not sent: the mailbox {self.mailbox.address} has to be connected "
                "again under Settings → Integrations."
            )
        return self._send_by_own(message, thread_id)

    def _send_by_own(self, message: EmailMessage, thread_id: str) -> MailReceipt:
        mail = mime_of(message, sender=self.mailbox.address)
        opened = tokens.open_connection(self.clinic, self.mailbox.provider)
        try:
            receipt = opened_mailer(opened).send(mail, thread_id=thread_id)
        except DeliveryError as error:
            self._note(opened, error)
            raise
        with tenant_scope(self.clinic):
            conditions.note_success(opened.id, at=timezone.now())
        return receipt

    def _note(self, opened: OpenConnection, error: DeliveryError) -> None:
        """Keep what the failure says of the connection; one refused mail says nothing of it."""
        now = timezone.now()
        with tenant_scope(self.clinic):
            if isinstance(error, BrokenConnectionError):
                conditions.mark_broken(opened.id, error.words, at=now)
            elif isinstance(error, RetryLaterError):
                conditions.note_problem(opened.id, error.words, at=now)


def mime_of(message: EmailMessage, *, sender: str = "") -> Mail:
    """Write a Django mail as the standard library's; `sender` takes the place of its From's address.

    Header values have no line breaks: Django refuses them. Bcc stands in it, for the mailbox to take
    out again.
    """
    if sender:
        name, address = parseaddr(message.from_email)
        if address.casefold() != sender.casefold():
            message.from_email = formataddr((name, sender))
    try:
        written = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    except ValueError as error:  # a line break in a header, an address that is none
        raise RefusedError(
            "The mail cannot be written: an address or its subject is wrong."
        ) from error
    mail = cast("Mail", message_from_bytes(written, policy=cast("Any", _MIME)))
    if message.bcc:
        mail["Bcc"] = ", ".join(message.bcc)
    return mail


def _send_by_platform(message: EmailMessage, *, timeout: int) -> None:
    """Send by the platform's own server, with its failures in the same words as everybody's."""
    backend = get_connection(timeout=timeout)
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError as error:
        raise RetryLaterError(
            "The mail server does not let Nexus in. The operators have to set its password."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise RetryLaterError(
            "The mail server could not be reached. Try again in a few minutes."
        ) from error
    try:
        backend.send_messages([message])
    except ValueError as error:
        raise RefusedError(
            "The mail cannot be written: an address or its subject is wrong."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused_recipients(error) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code) from error
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        if isinstance(error, ConnectionRefusedError):
            raise RetryLaterError(
                "The mail server could not be reached. Try again in a few minutes."
            ) from error
        raise UnclearError(
            "The mail server broke off before it had answered: the mail may have been sent. Ask, "
            "before you send it again."
        ) from error
    except smtplib.SMTPException as error:
        raise _refused(_FINAL) from error
    finally:
        with suppress(OSError, smtplib.SMTPException):
            backend.close()


def _refused_recipients(error: smtplib.SMTPRecipientsRefused) -> RefusedError | RetryLaterError:
    if all(code >= _FINAL for code, _ in error.recipients.values()):
        return RefusedError("The mail server does not take this address. Correct it.")
    return RetryLaterError("The mail server does not take this address now. Try again later.")


def _refused(code: int) -> RefusedError | RetryLaterError:
    if code >= _FINAL:
        return RefusedError(f"The mail server refused the mail ({code}).")
    return RetryLaterError(f"The mail server refused the mail for now ({code}).")
