"""What Xero's errors mean to us, and in its own words where a person has to act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_integrations.xero import wire
from ports.outcomes import BrokenConnectionError, DeliveryError, RefusedError, RetryLaterError

if TYPE_CHECKING:
    import httpx2

UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
BAD, UNCHANGED = 400, 304
PAUSE = 60.0
"""Seconds to wait where Xero limits us and does not say how long."""
_LIMITS = {
    "minute": "more than 60 requests in a minute",
    "day": "the day's 5,000 requests are used up",
    "concurrent": "too many requests at once",
    "appminute": "too many requests of all clinics in a minute",
}


class TokenRefusedError(BrokenConnectionError):
    """Xero does not take the access token: renewing it once may help."""


class NotFoundError(RefusedError):
    """Xero does not have it."""


class LimitedError(RetryLaterError):
    """Xero asks the organisation to wait."""


def error_of(response: httpx2.Response) -> DeliveryError | None:
    """Answer what went wrong with a request as a whole; None where it was taken."""
    status = response.status_code
    if status < BAD:
        return None
    if status in {UNAUTHORISED, FORBIDDEN}:
        return _shut_out(status)
    if status == TOO_MANY:
        return _limited(response)
    if status == NOT_FOUND:
        return NotFoundError("Xero does not have this record (any more).")
    if status == BAD:
        return RefusedError(words_of(_content(response)) or "Xero refused the request.")
    return RetryLaterError(
        f"Xero is not well just now (it answered {status}).", after=_wait(response)
    )


def _shut_out(status: int) -> BrokenConnectionError:
    if status == UNAUTHORISED:
        return TokenRefusedError(
            "Xero does not accept the clinic's access any more. Connect Xero again."
        )
    return BrokenConnectionError(
        "Xero no longer lets Nexus into this organisation, or not for this kind of record. "
        "Connect Xero again and allow everything it asks for."
    )


def _limited(response: httpx2.Response) -> LimitedError:
    kind = response.headers.get("x-rate-limit-problem", "").lower()
    why = _LIMITS.get(kind, "too many requests")
    after = _wait(response)
    return LimitedError(f"Xero asks to wait: {why}.", after=PAUSE if after is None else after)


def _wait(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _content(response: httpx2.Response) -> Any:
    try:
        return wire.read(response.content)
    except ValueError:
        return {}


def element_error(element: dict[str, Any]) -> RefusedError | None:
    """Answer what Xero has against one element of an answer that it took as a whole."""
    is_wrong = (
        element.get("StatusAttributeString") == "ERROR"
        or element.get("HasValidationErrors") is True
        or element.get("HasErrors") is True
        or bool(element.get("ValidationErrors"))
    )
    if not is_wrong:
        return None
    return RefusedError("; ".join(_messages(element)) or "Xero refused it and does not say why.")


def words_of(content: Any) -> str:
    """Answer the words of a 400: those of its elements, else its own."""
    if not isinstance(content, dict):
        return ""
    elements = content.get("Elements")
    found = [
        words
        for element in (elements if isinstance(elements, list) else [])
        if isinstance(element, dict)
        for words in _messages(element)
    ]
    own = content.get("Message") or content.get("Detail") or content.get("Title") or ""
    return "; ".join(dict.fromkeys(found)) or str(own)


def _messages(element: dict[str, Any]) -> list[str]:
    errors = [*(element.get("ValidationErrors") or [])]
    for line in element.get("LineItems") or []:
        if isinstance(line, dict):
            errors += line.get("ValidationErrors") or []
    found = [
        str(error.get("Message") or error.get("Description") or "")
        for error in errors
        if isinstance(error, dict)
    ]
    return [words for words in dict.fromkeys(found) if words]
