"""ClickSend's statuses and gateway codes in words for people.

Sources: "Post application status codes" and "List of SMS gateway error codes" at help.clicksend.com.
"""

from __future__ import annotations

from billing_integrations.sms.errors import (
    AccountTroubleError,
    NotTextableError,
    OptedOutError,
)
from ports.outcomes import DeliveryError, RefusedError, RetryLaterError

STATUSES = {
    "INVALID_RECIPIENT": "That is not a mobile number: correct the patient's mobile.",
    "INSUFFICIENT_CREDIT": "The clinic's ClickSend account has no credit left: top it up there.",
    "INVALID_SENDER_ID": "ClickSend does not accept the sender: check it in the settings of texts.",
    "COUNTRY_NOT_ENABLED": "The clinic's ClickSend account may not text this country.",
    "ACCOUNT_NOT_ACTIVATED": "The clinic's ClickSend account is not activated yet.",
    "MISSING_REQUIRED_FIELDS": "ClickSend misses something in the text: this should not happen.",
    "OPT_OUT": "This person has asked for no more texts (STOP).",
    "RECIPIENT_OPTED_OUT": "This person has asked for no more texts (STOP).",
    "THROTTLED": "ClickSend asks to wait: too much at once.",
    "TOO_MANY_REQUESTS": "ClickSend asks to wait: too much at once.",
}
GATEWAY = {
    5: "It was cancelled at ClickSend.",
    7: "The network did not say why.",
    8: "Nobody has this number: inactive or wrong.",
    9: "The number is wrong, or its network has no way to it.",
    10: "The network refused it.",
    11: "The phone or its network takes no texts.",
    12: "The phone could not be reached: switched off or out of range for hours.",
    13: "The phone's memory is full.",
    14: "The network was too busy.",
    15: "The network refused it.",
    16: "The network has trouble; ClickSend tries again.",
    17: "The network did not answer in time.",
    18: "The network found no way to the phone.",
    19: "The network took it for spam and dropped it.",
    20: "No receipt came in time: nobody knows whether it arrived.",
}
_OPTED_OUT = {"OPT_OUT", "RECIPIENT_OPTED_OUT"}
_NOT_TEXTABLE = {"INVALID_RECIPIENT"}
_ACCOUNT = {"INSUFFICIENT_CREDIT", "ACCOUNT_NOT_ACTIVATED"}
_LATER = {"THROTTLED", "TOO_MANY_REQUESTS"}


def error_of(status: str, said: str = "") -> DeliveryError:
    """Answer the error that a status other than SUCCESS is."""
    status = status.upper()
    told = said.strip() or status.replace("_", " ").capitalize() or "no reason given"
    words = STATUSES.get(status) or f"ClickSend: {told}."
    if status in _OPTED_OUT:
        return OptedOutError(words)
    if status in _NOT_TEXTABLE:
        return NotTextableError(words)
    if status in _ACCOUNT:
        return AccountTroubleError(words)
    if status in _LATER:
        return RetryLaterError(words)
    return RefusedError(words)


def words_of(code: int | None, said: str = "") -> str:
    """Answer why a text did not arrive."""
    if code is not None and code in GATEWAY:
        return GATEWAY[code]
    return f"ClickSend: {said.strip()}" if said.strip() else GATEWAY[7]


def is_account_trouble(words: str) -> bool:
    """Answer whether these words of ours say that the account has to be looked after."""
    return words in {STATUSES[code] for code in _ACCOUNT}
