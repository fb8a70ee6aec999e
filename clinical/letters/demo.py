"""Made-up mails with the demo's letters: sent, and one that did not arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.letters.models import Letter, LetterMail
from clinical.messages.models import Message

if TYPE_CHECKING:
    import random
    from datetime import datetime

MAILED = 6
REFUSED = "The mail server does not take this address. Correct it in the address book."


def fill(chance: random.Random, now: datetime) -> None:
    """Mail some of the letters that are out."""
    if LetterMail.objects.exists():
        return
    letters = list(
        Letter.objects.filter(state=Letter.State.SENT).order_by("-letter_date", "id")[:MAILED]
    )
    mails = []
    for number, letter in enumerate(letters):
        at = now - timedelta(days=number + 1, minutes=chance.randrange(300))
        is_sent = number != 1
        message = Message(
            patient_id=letter.patient_id,
            channel=Message.Channel.EMAIL,
            direction=Message.Direction.OUT,
            address=f"rooms{number}@surgery.example",
            body="A letter was sent as an attachment.",
            state=Message.State.SENT if is_sent else Message.State.FAILED,
            sent_at=at if is_sent else None,
            source_note="" if is_sent else REFUSED,
        )
        mails.append(
            LetterMail(
                letter=letter,
                message=message,
                address=message.address,
                state=LetterMail.State.SENT if is_sent else LetterMail.State.FAILED,
                problem="" if is_sent else REFUSED,
                tries=1,
                asked_by="Demo",
                asked_at=at,
                changed_at=at,
            )
        )
    Message.objects.bulk_create(mail.message for mail in mails)
    LetterMail.objects.bulk_create(mails)
