"""What texts may come from, and what the clinic has to know of it.

A name has 2 to 11 characters of ASCII 32-126, is no mere number, and has no space or underscore at its
edges; since 1 July 2026 one that is not in ACMA's SMS Sender ID Register is shown as "Unverified".
Numbers need nothing, and only a number can be answered.
"""

from __future__ import annotations

import re
from enum import StrEnum

from ports.phones import NumberError, mobile_number, national

SHORTEST, LONGEST = 2, 11
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_LOOKS_LIKE_NUMBER = re.compile(r"\+?[\d\s()\-]+")
NO_REPLIES = (
    "Nobody can answer a name: Y or N to a reminder needs a mobile number of its own (+61 4…)."
)
REGISTER = (
    "The name must be in ACMA's SMS Sender ID Register for this vendor; phones show names that are "
    "not as “Unverified” since 1 July 2026."
)


class SenderError(ValueError):
    """The sender cannot be used; `words` says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class SenderKind(StrEnum):
    NUMBER = "number"
    NAME = "name"
    SERVICE = "service"
    """A messaging service of Twilio's, which picks the number."""


def kind_of(sender: str) -> SenderKind:
    """Tell what kind of sender this is, right or not."""
    if _SERVICE.fullmatch(sender):
        return SenderKind.SERVICE
    return SenderKind.NUMBER if _LOOKS_LIKE_NUMBER.fullmatch(sender) else SenderKind.NAME


def checked_sender(typed: str, *, region: str = "AU", services: bool = False) -> str:
    """Answer the sender as the vendor wants it; raises SenderError in words for people."""
    kind = kind_of(typed.strip())
    if kind is SenderKind.NAME:
        _check_name(typed)
        return typed
    sender = typed.strip()
    if kind is SenderKind.SERVICE:
        if not services:
            raise SenderError("This vendor has no messaging services: give a number or a name.")
        return sender
    try:
        return mobile_number(sender, region)
    except NumberError as error:
        raise SenderError(
            f"{error.words} Texts can come from a mobile number (+61 4…) or from a name."
        ) from error


def warnings_of(sender: str) -> list[str]:
    """Answer what the clinic has to know of its sender, each in a sentence."""
    return [NO_REPLIES, REGISTER] if kind_of(sender) is SenderKind.NAME else []


def takes_replies(sender: str) -> bool:
    return kind_of(sender) is not SenderKind.NAME


def shown(sender: str, region: str = "AU") -> str:
    """Answer how a person reads the sender."""
    kind = kind_of(sender)
    if kind is SenderKind.SERVICE:
        return f"Messaging service {sender[:4]}…{sender[-4:]}"
    return national(sender, region) if kind is SenderKind.NUMBER else sender


def _check_name(name: str) -> None:
    if not SHORTEST <= len(name) <= LONGEST:
        raise SenderError(f"A name has {SHORTEST} to {LONGEST} characters; this has {len(name)}.")
    if not all(" " <= one <= "~" for one in name):
        raise SenderError("A name has only plain letters, digits and marks, without accents.")
    if name[0] in " _" or name[-1] in " _":
        raise SenderError("A name neither begins nor ends with a space or an underscore.")
