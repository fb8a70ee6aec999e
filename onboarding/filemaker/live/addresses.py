"""Which server is meant, and whether we may connect to it.

Whoever types in a server's name decides where this machine connects to, so a name may not lead
into a private network: to this machine, its neighbours or a cloud's metadata service. A name is
resolved once per job and the connection is made to the address that was checked, so that a name
which changes its address between check and use (DNS rebinding) gains nothing.
"""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from onboarding.filemaker.live.errors import (
    AddressRefusedError,
    ServerNameError,
    ServerUnknownError,
    shortened,
)
from ports import addresses as ports_addresses
from ports.addresses import (
    Address,
    HostNameError,
    HostUnknownError,
    NetworkPolicy,
    PrivateHostError,
    Resolver,
    host_name,
    resolve_by_system,
)

__all__ = ["Address", "NetworkPolicy", "Resolver", "ServerAddress", "resolve", "resolve_by_system"]

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A host name (or literal address) and port, always spoken to by HTTPS."""

    host: str
    port: int = HTTPS_PORT

    @classmethod
    def parse(cls, text: str) -> "ServerAddress":
        """Read `fms.example.com`, `fms.example.com:8443` or `https://fms.example.com/`.

        Raises ServerNameError for anything else: other schemes, user names, paths, spaces.
        """
        text = text.strip()
        parts = _split(text)
        if parts.scheme != "https":
            raise ServerNameError("Only encrypted connections (https) are made.")
        if parts.username is not None or parts.password is not None:
            raise ServerNameError("The name of the server must not hold an account or password.")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ServerNameError(
                f'"{shortened(text)}" goes beyond the name of a server; leave out what follows it.'
            )
        host = _host_of(parts.hostname or "", text)
        try:
            return cls(host, parts.port or HTTPS_PORT)
        except ValueError:
            raise ServerNameError(f'"{shortened(text)}" has no valid port.') from None

    @property
    def netloc(self) -> str:
        """The host as it stands in a URL and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT else f"{host}:{self.port}"

    def is_origin_of(self, url: str) -> bool:
        """Answer whether `url` leads to this very server: scheme, host and port."""
        try:
            parts = urlsplit(url)
            port = parts.port or HTTPS_PORT
        except ValueError:
            return False
        return (
            parts.scheme == "https"
            and parts.username is None
            and (parts.hostname or "").rstrip(".").lower() == self.host
            and port == self.port
        )


def _split(text: str) -> SplitResult:
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ServerNameError(f'"{shortened(text)}" has spaces in it.')
    try:
        return urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        raise ServerNameError(f'"{shortened(text)}" is not the name of a server.') from None


def _host_of(host: str, text: str) -> str:
    try:
        return host_name(host)
    except HostNameError:
        raise ServerNameError(f'"{shortened(text)}" is not the name of a server.') from None


def resolve(
    server: ServerAddress, policy: NetworkPolicy, resolver: Resolver = resolve_by_system
) -> tuple[Address, ...]:
    """Return the addresses of a server, all of them checked.

    Raises AddressRefusedError where one leads into a private network that is not allowed, and
    ServerUnknownError where there is none.
    """
    try:
        return ports_addresses.resolve(server.host, server.port, policy, resolver)
    except HostUnknownError:
        raise ServerUnknownError(
            f'No server is known by the name "{shortened(server.host)}".'
        ) from None
    except PrivateHostError:
        raise AddressRefusedError from None
