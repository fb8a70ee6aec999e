"""Mail that leaves a clinic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage


@dataclass(frozen=True)
class MailReceipt:
    """What the mailbox answered. Both are the vendor's own ids and may be empty (SMTP gives none)."""

    vendor_id: str = ""
    thread_id: str = ""


@dataclass(frozen=True)
class MailHead:
    """The outside of a mail that came in: enough to say whether it is anybody's of the clinic."""

    vendor_id: str
    thread_id: str
    sender: str
    """The bare address, in small letters."""
    references: tuple[str, ...]
    """The Message-IDs it says it answers."""
    subject: str
    at: datetime


@dataclass(frozen=True)
class MailText:
    """The inside of one: its text, and the names of what is attached."""

    body: str
    attached: tuple[str, ...] = ()


class Mailer(Protocol):
    """A mailbox that sends."""

    address: str
    """What mails come from."""

    def send(self, mail: EmailMessage, *, thread_id: str = "") -> MailReceipt:
        """Send one mail whose Message-ID is ours.

        Raises `ports.outcomes` errors: UnclearError where the mail may have left already.
        """
