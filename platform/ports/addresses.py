"""Which hosts this machine may be made to connect to. Nothing here knows of Django or of clinics.

Whoever types in a server's name decides where this machine connects to, so a name may not lead into
a private network: to this machine, its neighbours or a cloud's metadata service. A name is resolved
once for a piece of work and the connection is made to the address that was checked, so that a name
which changes its address between check and use (DNS rebinding) gains nothing.
"""

from __future__ import annotations

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

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Iterable[str]]

_LONGEST_NAME = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# IPv6 prefixes whose last 32 bits are an IPv4 address: NAT64 (RFC 6052) and the old "compatible".
_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


class HostNameError(ValueError):
    """What was typed is no name of a host."""


class HostUnknownError(Exception):
    """No host is known by the name, as far as can be told now."""


class PrivateHostError(Exception):
    """The name leads into a private network that is not allowed."""


def host_name(text: str) -> str:
    """Answer a host's name as it is asked for, or its literal address; raises HostNameError."""
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        ascii_host = text.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_host = ""
    labels = ascii_host.split(".")
    is_name = 0 < len(ascii_host) <= _LONGEST_NAME and all(_LABEL.fullmatch(x) for x in labels)
    # The C library reads 0x7f.1, 2130706433 and the like as addresses; a name does not end so.
    if not is_name or re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        raise HostNameError("That is not the name of a server.")
    return ascii_host


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """The operators' word on private networks: none is reached but those in `allowed`."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, *networks: str) -> NetworkPolicy:
        """Make a policy from networks in CIDR notation, such as `10.20.0.0/16`."""
        return cls(tuple(ip_network(network) for network in networks))

    def permits(self, address: Address) -> bool:
        plain = _unwrapped(address)
        if any(address in network or plain in network for network in self.allowed):
            return True
        return is_public(plain)


def is_public(address: Address) -> bool:
    """Answer whether the address is one of the open internet, whatever it is wrapped in."""
    plain = _unwrapped(address)
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
    host: str, port: int, policy: NetworkPolicy, resolver: Resolver = resolve_by_system
) -> tuple[Address, ...]:
    """Return the addresses of a host, all of them checked.

    Raises PrivateHostError if any of them is private and not allowed: a name that stands for a
    public and a private address at once is somebody's trick. Raises HostUnknownError where there is
    none.
    """
    try:
        found = [ip_address(text.partition("%")[0]) for text in resolver(host, port)]
    except (OSError, UnicodeError, ValueError):
        found = []
    if not found:
        raise HostUnknownError(host)
    if not all(policy.permits(address) for address in found):
        raise PrivateHostError(host)
    return tuple(found)
