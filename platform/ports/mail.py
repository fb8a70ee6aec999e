"""Mail that leaves a clinic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass(frozen=True)
class MailReceipt:
    """What the mailbox answered. Both are the vendor's own ids and may be empty (SMTP gives none)."""

    vendor_id: str = ""
    thread_id: str = ""


class Mailer(Protocol):
    """A mailbox that sends."""

    address: str
    """What mails come from."""

    def send(self, mail: EmailMessage, *, thread_id: str = "") -> MailReceipt:
        """Send one mail whose Message-ID is ours.

        Raises `ports.outcomes` errors: UnclearError where the mail may have left already.
        """
