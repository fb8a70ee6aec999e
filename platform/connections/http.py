"""HTTP to vendors: short time-outs, one host, nothing followed, nothing logged.

Its errors say whether the vendor may have acted.

A request that surely did not reach the vendor raises RetryLaterError. One that may have been taken
raises UnclearError, unless repeating it does no harm: it only reads, carries an `Idempotency-Key`, or
the client was made with `idempotent=True`.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx2
from httpx2 import HTTPError

from connections import limits
from ports.outcomes import (
    BrokenConnectionError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

    from connections.opened import OpenConnection
    from connections.providers import Provider

__all__ = ["HTTPError", "VendorTransport", "client", "raise_for", "retry_after", "timeout"]

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WHOLE_SECONDS = 60.0
"""An answer that comes in drops is cut off after this."""
LARGEST_ANSWER = 32 * 1024 * 1024
_READS = {"GET", "HEAD", "OPTIONS"}
_LONGEST_WAIT = 24 * 60 * 60
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_TOO_MANY, _UNAVAILABLE, _SERVER_ERROR = 429, 503, 500


def timeout(*, read: float = READ_SECONDS) -> httpx2.Timeout:
    return httpx2.Timeout(read, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)


def client(
    opened: OpenConnection | None = None,
    *,
    provider: Provider,
    base_url: str,
    headers: Mapping[str, str] | None = None,
    idempotent: bool = False,
    auth: Any = None,
    read: float = READ_SECONDS,
) -> httpx2.Client:
    """Make a client of one vendor's; close it after use. With `opened`, the clinic's limits count.

    Every request may raise RetryLaterError or UnclearError; answers of any status are given back, see
    `raise_for`.
    """
    base = httpx2.URL(base_url)
    return httpx2.Client(
        base_url=base,
        headers={"User-Agent": "Nexus", **(headers or {})},
        auth=auth,
        timeout=timeout(read=read),
        follow_redirects=False,
        trust_env=False,
        transport=VendorTransport(
            vendor=provider.name,
            host=base.netloc.decode(),
            idempotent=idempotent,
            counted=(opened.clinic, provider) if opened and opened.clinic else None,
        ),
    )


@cache
def _authorities() -> SSLContext:
    """Read the known authorities once for the process: it takes 20 ms, and every client wants them."""
    return httpx2.create_ssl_context(trust_env=False)


class VendorTransport(httpx2.BaseTransport):
    """Sends to one host, takes the whole answer within a time, and turns failures into ours."""

    def __init__(
        self,
        *,
        vendor: str,
        host: str = "",
        idempotent: bool = False,
        counted: tuple[int, Provider] | None = None,
        seconds: float = WHOLE_SECONDS,
        statuses_raise: bool = False,
        inner: httpx2.BaseTransport | None = None,
    ) -> None:
        self._vendor = vendor
        self._host = host
        self._idempotent = idempotent
        self._counted = counted
        self._seconds = seconds
        self._statuses_raise = statuses_raise
        self._inner = inner or httpx2.HTTPTransport(
            retries=0, trust_env=False, verify=_authorities()
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._host and request.url.netloc.decode() != self._host:
            raise RefusedError(f"{self._vendor} is not asked at another address than its own.")
        slot = limits.slot(*self._counted) if self._counted else nullcontext()
        with slot:
            try:
                response = self._inner.handle_request(request)
                content = self._whole(response)
            except _NOT_SENT as error:
                raise RetryLaterError(f"{self._vendor} cannot be reached at the moment.") from error
            except httpx2.TransportError as error:
                raise self._lost(request) from error
        if self._statuses_raise and response.status_code in {_TOO_MANY, *range(500, 600)}:
            raise RetryLaterError(
                f"{self._vendor} does not answer as it should at the moment.",
                after=retry_after(response.headers),
            )
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx2.ByteStream(content),
            extensions={"http_version": b"HTTP/1.1"},
        )

    def _whole(self, response: httpx2.Response) -> bytes:
        ends, parts, size = monotonic() + self._seconds, [], 0
        try:
            for part in response.stream:  # type: ignore[union-attr]
                parts.append(part)
                size += len(part)
                if monotonic() > ends:
                    raise httpx2.ReadTimeout("The answer came too slowly.")
                if size > LARGEST_ANSWER:
                    raise httpx2.ReadError("The answer was too large.")
        finally:
            response.close()
        return b"".join(parts)

    def _lost(self, request: httpx2.Request) -> RetryLaterError | UnclearError:
        if self._idempotent or request.method in _READS or "idempotency-key" in request.headers:
            return RetryLaterError(f"{self._vendor} did not answer in time.")
        return UnclearError(
            f"{self._vendor} did not answer after it may have taken this. "
            f"Look at {self._vendor} whether it was done."
        )

    def close(self) -> None:
        self._inner.close()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a vendor asks us to wait: a number, or a moment."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 1.0), _LONGEST_WAIT)


def raise_for(response: httpx2.Response, *, vendor: str, idempotent: bool = False) -> None:
    """Raise what a status means whoever the vendor is; a 4xx of another kind is the caller's to word.

    429 and 503 with Retry-After: later. 5xx: later where repeating does no harm, else unclear.
    401: BrokenConnectionError; callers that can renew the access look at it before.
    """
    status = response.status_code
    harmless = (
        idempotent
        or response.request.method in _READS
        or "idempotency-key" in response.request.headers
    )
    after = retry_after(response.headers)
    if status == _TOO_MANY:
        raise RetryLaterError(f"{vendor} asked us to wait.", after=after or 60.0)
    if status == _UNAVAILABLE and (harmless or after is not None):
        raise RetryLaterError(f"{vendor} is not available at the moment.", after=after)
    if status >= _SERVER_ERROR:
        if harmless:
            raise RetryLaterError(f"{vendor} had an error of its own ({status}).", after=after)
        raise UnclearError(
            f"{vendor} had an error of its own ({status}) and may have done it all the same. "
            f"Look at {vendor} whether it was done."
        )
    if status == httpx2.codes.UNAUTHORIZED:
        raise BrokenConnectionError(f"{vendor} no longer lets us in. Connect {vendor} again.")
