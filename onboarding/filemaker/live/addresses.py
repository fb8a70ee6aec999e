"""Which server is meant, and whether we may connect to it.

Whoever types in a server's name decides where this machine connects to, so a name may not lead
into a private network: to this machine, its neighbours or a cloud's metadata service. A name is
resolved once per job and the connection is made to the address that was checked, so that a name
which changes its address between check and use (DNS rebinding) gains nothing.
"""

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

from onboarding.filemaker.live.errors import (
    AddressRefusedError,
    ServerNameError,
    ServerUnknownError,
    shortened,
)

HTTPS_PORT = 443
_LONGEST_NAME = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# IPv6 prefixes whose last 32 bits are an IPv4 address: NAT64 (RFC 6052) and the old "compatible".
_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Iterable[str]]


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
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        ascii_host = host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_host = ""
    labels = ascii_host.split(".")
    is_name = 0 < len(ascii_host) <= _LONGEST_NAME and all(_LABEL.fullmatch(x) for x in labels)
    # The C library reads 0x7f.1, 2130706433 and the like as addresses; a name does not end so.
    if not is_name or re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        raise ServerNameError(f'"{shortened(text)}" is not the name of a server.')
    return ascii_host


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """The operators' word on private networks: none is reached but those in `allowed`."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, *networks: str) -> "NetworkPolicy":
        """Make a policy from networks in CIDR notation, such as `10.20.0.0/16`."""
        return cls(tuple(ip_network(network) for network in networks))

    def permits(self, address: Address) -> bool:
        plain = _unwrapped(address)
        if any(address in network or plain in network for network in self.allowed):
            return True
        is_old_private = isinstance(plain, IPv6Address) and plain.is_site_local
        is_special = plain.is_multicast or plain.is_reserved or is_old_private
        return plain.is_global and not is_special


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64_LOCAL:
        return IPv6Address("::1")
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo:
        inner = address.teredo[1]
    if inner is None and any(address in network for network in _CARRIES_IPV4):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the machine's resolver; the zone of a link-local address stays at its end."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(
    server: ServerAddress, policy: NetworkPolicy, resolver: Resolver = resolve_by_system
) -> tuple[Address, ...]:
    """Return the addresses of a server, all of them checked.

    Raises AddressRefusedError if any of them is private and not allowed: a name that stands for
    a public and a private address at once is somebody's trick. Raises ServerUnknownError where
    there is none.
    """
    try:
        found = [ip_address(text.partition("%")[0]) for text in resolver(server.host, server.port)]
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise ServerUnknownError(f'No server is known by the name "{shortened(server.host)}".')
    if not all(policy.permits(address) for address in found):
        raise AddressRefusedError
    return tuple(found)
