"""Whether a call comes from Twilio: X-Twilio-Signature, by the auth token of that clinic's account.

The signed text is the whole public address, followed by name and value of every field, sorted; for a
body that is no form, the address carries the body's SHA-256. The address is ours from the settings,
never the one a proxy or a caller names.
Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = "X-Twilio-Signature"
_PORTS = {"https": 443, "http": 80}


def sign(url: str, fields: Iterable[tuple[str, str]], token: str) -> str:
    """Answer what Twilio's header says of a call. The same name and value twice counts once."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    # The vendor's choice: SHA-1 as a keyed digest.
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_genuine(url: str, fields: Iterable[tuple[str, str]], *, signature: str, token: str) -> bool:
    """Check a call with a form, or one without a body; `url` with its query."""
    if not token or not signature:
        return False
    pairs = list(fields)
    given = signature.encode()
    return any(
        hmac.compare_digest(sign(one, pairs, token).encode(), given) for one in _written(url)
    )


def is_genuine_document(url: str, body: bytes, *, signature: str, token: str) -> bool:
    """Check a call whose body is no form: the signed address must carry the body's digest."""
    claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    actual = hashlib.sha256(body).hexdigest()
    is_same = hmac.compare_digest(claimed.lower().encode(), actual.encode())
    return is_same and is_genuine(url, (), signature=signature, token=token)


def _written(url: str) -> set[str]:
    """Answer the address with and without its port: Twilio signs now this, now that."""
    parts = urlsplit(url)
    bare = parts.hostname or ""
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return {url} | {urlunsplit(parts._replace(netloc=host)) for host in (bare, f"{bare}:{port}")}
