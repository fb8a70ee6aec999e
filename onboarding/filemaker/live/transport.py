"""HTTPS to one server, and to no other: checked address, verified certificate, bounded answers.

Standard library only: what is needed is one connection whose address, certificate, time and size
are ours to decide, which general HTTP clients hide.
"""

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urljoin, urlsplit

from onboarding.filemaker.live.addresses import (
    Address,
    NetworkPolicy,
    Resolver,
    ServerAddress,
    resolve,
    resolve_by_system,
)
from onboarding.filemaker.live.errors import (
    AnswerTooLargeError,
    AuthorityFileError,
    CertificateError,
    DiskFullError,
    LiveSourceError,
    RedirectRefusedError,
    ServerSilentError,
    TimeUpError,
)

MIB = 1024**2
CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS = 5
_MOST_COOKIES = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `whole_seconds` ends answers that drip; a container may take longer.

    `job_seconds`, where given, is for everything together, from the first request on.
    """

    connect_seconds: float = 10
    read_seconds: float = 60
    whole_seconds: float = 300
    container_seconds: float = 1800
    job_seconds: float | None = None
    answer_bytes: int = 32 * MIB
    container_bytes: int = 1024 * MIB
    attempts: int = 4
    busy_attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 20


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, passed in so that tests need not wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _BrokenConnectionError(ServerSilentError):
    """One attempt failed on the way; the next may not."""


class _Connection(http.client.HTTPSConnection):
    """A connection to an address that was checked, with the certificate checked for the name."""

    def __init__(
        self, server: ServerAddress, address: Address, limits: Limits, context: ssl.SSLContext
    ) -> None:
        super().__init__(server.host, server.port, timeout=limits.read_seconds, context=context)
        self._address = address
        self._limits = limits
        self._tls = context

    def connect(self) -> None:
        raw = socket.create_connection(
            (str(self._address), self.port), timeout=self._limits.connect_seconds
        )
        try:
            raw.settimeout(self._limits.connect_seconds)  # for the handshake as well
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise
        self.sock.settimeout(self._limits.read_seconds)


def tls_context(authority_pem: str = "") -> ssl.SSLContext:
    """Return a context that verifies always; a clinic's own authority is added to the known ones.

    `authority_pem` is PEM text or the path of a PEM file. Raises AuthorityFileError.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority_pem:
        try:
            if "-----BEGIN" not in authority_pem:
                authority_pem = Path(authority_pem).read_text(encoding="ascii")
            context.load_verify_locations(cadata=authority_pem)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise AuthorityFileError from error
    return context


class Transport:
    """One server, one connection at a time, kept open between requests."""

    def __init__(
        self,
        server: ServerAddress,
        *,
        policy: NetworkPolicy | None = None,
        authority_pem: str = "",
        limits: Limits | None = None,
        clock: Clock | None = None,
        resolver: Resolver = resolve_by_system,
    ) -> None:
        self.server = server
        self.limits = limits or Limits()
        self.clock = clock or Clock()
        self._policy = policy or NetworkPolicy()
        self._resolver = resolver
        self._context = tls_context(authority_pem)
        self._addresses: tuple[Address, ...] = ()
        self._connection: _Connection | None = None
        self._cookies: dict[str, str] = {}
        self._began: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request and read the whole answer; `target` is a path with its query.

        Raises ServerSilentError where the connection broke (the caller decides on another
        attempt), RedirectRefusedError for a redirect, AnswerTooLargeError beyond the limit.
        """
        limits = self.limits
        with self._exchange(method, target, headers or {}, body) as response:
            if response.status in _REDIRECTS:
                raise RedirectRefusedError(status=response.status)
            content = b"".join(self._pieces(response, limits.answer_bytes, limits.whole_seconds))
            return Answer(response.status, _small(response), content)

    def download(self, url: str, into: IO[bytes], *, headers: Mapping[str, str]) -> Answer:
        """Write what `url` leads to into a file; answers status and headers, the body empty.

        Redirects are followed on the same server only, with its cookies. Of an answer other than
        200 nothing is written and its body (at most 64 KiB) is returned.
        """
        limits = self.limits
        for _ in range(_MOST_HOPS):
            if not self.server.is_origin_of(url):
                raise RedirectRefusedError(
                    "The server sends us for a file to another place, which is not followed."
                )
            with self._exchange("GET", _target(url), self._with_cookies(headers), None) as response:
                self._keep_cookies(response)
                if response.status in _REDIRECTS:
                    url = urljoin(url, response.headers.get("Location") or "")
                    self.close()  # its body, if any, is of no interest
                    continue
                if response.status != http.client.OK:
                    body = b"".join(self._pieces(response, CHUNK, limits.whole_seconds))
                    return Answer(response.status, _small(response), body)
                size = limits.container_bytes
                for piece in self._pieces(response, size, limits.container_seconds):
                    _write(into, piece)
                return Answer(response.status, _small(response), b"")
        raise RedirectRefusedError("The server sends us in circles for a file.")

    def pause(self, attempt: int) -> None:
        """Wait before another attempt, doubling: 0.5 s, 1 s, 2 s … at most 20 s."""
        limits = self.limits
        wait = limits.first_wait_seconds * 2**attempt
        self.clock.sleep(min(wait, limits.longest_wait_seconds))

    # --- one exchange --------------------------------------------------------------------------

    @contextlib.contextmanager
    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send and yield the response; whatever breaks closes the connection and is named."""
        whole = False
        try:
            self._check_time()
            response = self._send(method, target, headers, body)
            yield response
            whole = True
        except LiveSourceError:
            raise
        except ssl.SSLCertVerificationError as error:
            raise CertificateError(
                f"{CertificateError.message} ({error.verify_message})."
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _BrokenConnectionError(cause=type(error).__name__) from error
        finally:
            if not whole:
                self.close()

    @property
    def seconds_left(self) -> float | None:
        """What is left of `job_seconds`; None without such a limit."""
        if self.limits.job_seconds is None:
            return None
        if self._began is None:
            self._began = self.clock.now()
        return self._began + self.limits.job_seconds - self.clock.now()

    def _check_time(self) -> None:
        left = self.seconds_left
        if left is None:
            return
        if left <= 0:
            raise TimeUpError
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.settimeout(min(left, self.limits.read_seconds))

    def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> http.client.HTTPResponse:
        lines = {
            "Host": self.server.netloc,
            "Accept-Encoding": "identity",  # an answer must not grow after it was measured
            "User-Agent": "nexus-clinic",
            **headers,
        }
        connection = self._connection
        if connection is not None:
            try:
                connection.request(method, target, body=body, headers=lines)
                return connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected, ssl.SSLError):
                # The server closed an idle connection; nothing of this request was answered.
                self.close()
                if method not in ("GET", "DELETE"):
                    raise
        connection = self._open()
        connection.request(method, target, body=body, headers=lines)
        return connection.getresponse()

    def _open(self) -> _Connection:
        if not self._addresses:
            self._addresses = resolve(self.server, self._policy, self._resolver)
        failure: OSError | None = None
        for address in self._addresses:
            connection = _Connection(self.server, address, self.limits, self._context)
            try:
                connection.connect()
            except ssl.SSLCertVerificationError:
                raise
            except OSError as error:
                failure = error
            else:
                self._connection = connection
                return connection
        raise failure or OSError("no address")

    def _pieces(
        self, response: http.client.HTTPResponse, most: int, seconds: float
    ) -> Iterator[bytes]:
        """Yield the body; too much of it, too slow or less than promised is an error."""
        promised = response.length
        if promised is not None and promised > most:
            raise AnswerTooLargeError(promised=promised, most=most)
        until = self.clock.now() + seconds
        taken = 0
        while piece := response.read1(CHUNK):
            taken += len(piece)
            if taken > most:
                raise AnswerTooLargeError(most=most)
            if self.clock.now() > until:
                raise _BrokenConnectionError("The server answers too slowly.")
            yield piece
        if promised is not None and taken < promised:
            raise _BrokenConnectionError("The server's answer broke off.")
        response.close()  # read1 leaves an answer of known length open, and its connection unusable

    # --- cookies: FileMaker hands out a container's bytes against one ---------------------------

    def _with_cookies(self, headers: Mapping[str, str]) -> dict[str, str]:
        jar = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {**headers, "Cookie": jar} if jar else dict(headers)

    def _keep_cookies(self, response: http.client.HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or []:
            try:
                parsed = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                if len(self._cookies) < _MOST_COOKIES or name in self._cookies:
                    self._cookies[name] = morsel.coded_value


@dataclass(slots=True)
class Attempts:
    """Counts attempts at one thing and waits between them."""

    transport: Transport
    most: int
    made: int = field(default=0)

    def again(self) -> bool:
        """Wait and answer True, or False when all attempts are used up."""
        self.made += 1
        if self.made >= self.most:
            return False
        self.transport.pause(self.made - 1)
        return True


def _write(into: IO[bytes], piece: bytes) -> None:
    try:
        into.write(piece)
    except OSError as error:  # ours, not the server's: another attempt would not help
        raise DiskFullError from error


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _small(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
