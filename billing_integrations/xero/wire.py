"""How Xero writes money and moments."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

_CLASSIC = re.compile(r"^/Date\((-?\d+)([+-]\d{4})?\)/$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str | None) -> datetime | None:
    """Read `/Date(1795132800000+0000)/` or an ISO text; one without a zone is UTC. None if unreadable.

    The zone behind the milliseconds is how it is shown; the milliseconds are UTC in any case.
    """
    if not text:
        return None
    classic = _CLASSIC.match(text)
    try:
        if classic:
            return _EPOCH + timedelta(milliseconds=int(classic[1]))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(text: str | None) -> date | None:
    """Read a calendar date, which Xero writes as midnight UTC of that day."""
    found = moment(text)
    return found.astimezone(UTC).date() if found else None


def since(asked: datetime) -> str:
    """Write a moment for If-Modified-Since: UTC, whole seconds."""
    return asked.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cents(amount: Any) -> int:
    """Read an amount in dollars as cents, rounding half up; nothing is nothing."""
    try:
        exact = Decimal(str(amount)) if amount is not None else Decimal()
        return int((exact * 100).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError):
        return 0


def dollars(amount: int) -> float:
    """Write cents as the number JSON carries; a double holds two decimals exactly as far as printed."""
    return amount / 100


def read(body: bytes) -> Any:
    """Read JSON with exact decimals; raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def signature(body: bytes, key: str) -> str:
    """Answer what stands in `x-xero-signature` of a webhook with this raw body."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(body: bytes, given: str, key: str) -> bool:
    """Answer whether a webhook carries the right signature; never without a key."""
    return bool(key) and hmac.compare_digest(signature(body, key).encode(), given.encode())


def claims(token: str) -> dict[str, Any]:
    """Read what a JWT claims, unverified: only for a token that came straight from Xero over TLS."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}
