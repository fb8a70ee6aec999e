"""One push over HTTPS to a push service's public address, and to nowhere else.

A browser tells us the address, so whoever sits before one decides where we connect to: only names
that lead to public addresses are asked, and the connection is made to the address that was checked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clinical.notices import encryption
from ports.addresses import Address, Resolver, is_public, resolve_by_system

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LONGEST_ENDPOINT = 2000
PATIENCE = 10.0
SIGNED_SECONDS = 12 * 3600
KEPT_SECONDS = 24 * 3600
"""How long a push service keeps a message for a device that is switched off."""
_GONE = (404, 410)
_HTTPS = 443


class PushError(Exception):
    """A push did not arrive. `permanent`: trying again cannot help; `gone`: the browser is."""

    def __init__(self, message: str, *, permanent: bool, gone: bool = False) -> None:
        super().__init__(message)
        self.permanent, self.gone = permanent, gone


class EndpointError(ValueError):
    """An address that no push service has; the message is for a person."""


@dataclass(frozen=True)
class Push:
    """What is sent and to which browser. A newer one with the same `topic` takes its place."""

    endpoint: str
    public_key: str
    auth_secret: str
    message: bytes
    topic: str = ""


@dataclass(frozen=True)
class Network:
    """How the world is reached; tests have one of their own."""

    resolve: Resolver = resolve_by_system
    permits: Callable[[Address], bool] = is_public
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    port_is_free: bool = False
    """Whether a port other than 443 may be named."""


def check_endpoint(endpoint: str, *, network: Network | None = None) -> tuple[str, int, str]:
    """Answer host, port and path of a push service; raises EndpointError for anything else."""
    network = network or Network()
    problem = EndpointError("The browser named no address of a push service.")
    if len(endpoint) > LONGEST_ENDPOINT or any(
        c.isspace() or not c.isprintable() for c in endpoint
    ):
        raise problem
    try:
        parts = urlsplit(endpoint)
        port = parts.port or _HTTPS
    except ValueError:
        raise problem from None
    is_plain = parts.username is None and parts.password is None and not parts.fragment
    if parts.scheme != "https" or not parts.hostname or not is_plain or not endpoint.isascii():
        raise problem
    if port != _HTTPS and not network.port_is_free:
        raise problem
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return parts.hostname, port, path


def send(
    push: Push,
    *,
    key: EllipticCurvePrivateKey,
    contact: str,
    now: Callable[[], float] = time.time,
    network: Network | None = None,
) -> None:
    """Hand a message to the browser's push service; raises PushError."""
    network = network or Network()
    try:
        host, port, path = check_endpoint(push.endpoint, network=network)
        body = encryption.sealed(
            push.message, public_key=push.public_key, auth_secret=push.auth_secret
        )
    except ValueError as error:
        raise PushError(str(error), permanent=True, gone=True) from error
    origin = f"https://{host}" if port == _HTTPS else f"https://{host}:{port}"
    headers = {
        "Authorization": encryption.signature(
            key, audience=origin, contact=contact, until=int(now()) + SIGNED_SECONDS
        ),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT_SECONDS),
        "Urgency": "normal",
    }
    if push.topic:
        headers["Topic"] = push.topic
    status = _post(host, port, path, body, headers, network)
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own range
        return
    if status in _GONE:
        raise PushError("The browser has left.", permanent=True, gone=True)
    may_help = status == 429 or status >= 500  # noqa: PLR2004 - busy, or the service's own trouble
    raise PushError(f"The push service answered {status}.", permanent=not may_help)


def _post(  # noqa: PLR0917 - the parts of one request
    host: str, port: int, path: str, body: bytes, headers: dict[str, str], network: Network
) -> int:
    connection = _Connection(host, port, _checked(host, port, network), network.context())
    try:
        connection.request("POST", path, body=body, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PushError("The push service does not answer.", permanent=False) from error
    finally:
        connection.close()


def _checked(host: str, port: int, network: Network) -> Address:
    """Answer the address to connect to; a name that also leads inside is somebody's trick."""
    try:
        found = [ip_address(text.partition("%")[0]) for text in network.resolve(host, port)]
    except (OSError, ValueError) as error:
        raise PushError("The push service is not known.", permanent=False) from error
    if not found:
        raise PushError("The push service is not known.", permanent=False)
    if not all(network.permits(address) for address in found):
        raise PushError("The address leads into a private network.", permanent=True, gone=True)
    return found[0]


class _Connection(http.client.HTTPSConnection):
    """A connection to the address that was checked, with the certificate checked for the name."""

    def __init__(self, host: str, port: int, address: Address, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=PATIENCE, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        raw = socket.create_connection((str(self._address), self.port), timeout=PATIENCE)
        try:
            self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise
