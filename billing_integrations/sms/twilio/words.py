"""Twilio's error codes in words for people, and what follows from each.

Codes and meanings: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from billing_integrations.sms.errors import (
    AccountTroubleError,
    NotTextableError,
    OptedOutError,
)
from ports.outcomes import (
    BrokenConnectionError,
    DeliveryError,
    RefusedError,
    RetryLaterError,
)

WORDS = {
    20003: "Twilio does not accept the clinic's keys: connect Twilio again with those it has now.",
    20005: "The clinic's Twilio account is not active: look at it in the Twilio Console.",
    20404: "Twilio does not know the account or the number: check the account SID.",
    20429: "Twilio asks to wait: too much at once.",
    21211: "That is not a telephone number: correct the patient's mobile.",
    21212: "Twilio does not accept the sender: check it in the settings of texts.",
    21408: "The clinic's Twilio account may not text this country: allow it in the Twilio Console.",
    21601: "Twilio's number cannot send texts: choose another sender.",
    21602: "The text was empty.",
    21603: "No sender is set: choose one in the settings of texts.",
    21606: "The sender is no number of this Twilio account: choose one that is.",
    21608: "Twilio's trial accounts text only numbers that were verified there first.",
    21610: "This person has asked for no more texts (STOP). START from their phone undoes it.",
    21611: "Twilio's queue for this sender is full: the text is tried again later.",
    21612: "Twilio has no way to this number from this sender.",
    21614: "That is a landline or no longer a mobile: correct the patient's number.",
    21617: "The text is longer than a text may be (1,600 characters).",
    21659: "The sender is no number of this Twilio account: choose one that is.",
    21660: "The sender belongs to another Twilio account: choose one of this account's.",
    21703: "Twilio's messaging service has no sender: add one in the Twilio Console.",
    30001: "Too many texts at once: Twilio has dropped it.",
    30002: "The clinic's Twilio account is suspended: look at it in the Twilio Console.",
    30003: "The phone could not be reached: switched off or out of range.",
    30004: "The phone or its network blocks these texts.",
    30005: "Nobody has this number any more.",
    30006: "That is a landline, or its network takes no texts.",
    30007: "The network took it for spam and dropped it.",
    30008: "The network did not say why.",
    30010: "The text would have cost more than the limit set.",
    30022: "Too many texts at once: the network has dropped it.",
    30410: "The network did not answer in time.",
}
_OPTED_OUT = {21610}
_NOT_TEXTABLE = {21211, 21614}
_ACCOUNT = {20005, 30002}
_LATER = {20429, 21611}
_BROKEN = {20003}


def words_of(code: int | None, said: str = "") -> str:
    """Answer what a code means; of an unknown one what Twilio said."""
    if code is not None and code in WORDS:
        return WORDS[code]
    said = said.strip() or "Twilio did not say why."
    return f"Twilio: {said}" + (f" ({code})" if code else "")


def error_of(code: int | None, said: str, *, after: float | None = None) -> DeliveryError:
    """Answer the error that a refusal by Twilio is."""
    words = words_of(code, said)
    if code in _OPTED_OUT:
        return OptedOutError(words)
    if code in _NOT_TEXTABLE:
        return NotTextableError(words)
    if code in _ACCOUNT:
        return AccountTroubleError(words)
    if code in _LATER:
        return RetryLaterError(words, after=after)
    if code in _BROKEN:
        return BrokenConnectionError(words)
    return RefusedError(words)


def is_account_trouble(words: str) -> bool:
    """Answer whether these words of ours say that the account has to be looked after."""
    return words in {WORDS[code] for code in _ACCOUNT}
