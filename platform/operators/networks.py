"""From where the operators' host answers: networks in the settings and in a table, or from everywhere.

The settings' networks (`NEXUS_OPERATORS_NETWORKS`) cannot be changed from a page. A change made from
a page that would lock its own maker out is refused; on the server `nexus operators` changes all.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction

from audit.services import record
from operators.models import AllowedNetwork
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = IPv4Network | IPv6Network
TABLE = AllowedNetwork._meta.db_table


class NetworkError(Exception):
    """A network cannot be allowed or taken away; the message is for a person."""


def read_network(text: str) -> Network:
    """Read an address or a network. Raises NetworkError."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise NetworkError(f"“{text.strip()}” is no address and no network.") from None


def allowed_networks() -> list[Network]:
    """Answer all networks from which the host answers; none: from everywhere."""
    kept = AllowedNetwork.objects.values_list("network", flat=True)
    return [*settings.OPERATORS_NETWORKS, *(ip_network(text) for text in kept)]


def admits(address: str, networks: Iterable[Network]) -> bool:
    """Answer whether one of the networks holds the address; an IPv4 one may come as an IPv6 one."""
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(asked, "ipv4_mapped", None)
    return any((mapped or asked) in network for network in networks)


def allow(network: str, *, note: str, added_by: str, address: str = "") -> AllowedNetwork:
    """Let a network in. With `address`, refused where that address would be outside afterwards."""
    wanted = read_network(network)
    if address and not admits(address, [*allowed_networks(), wanted]):
        raise NetworkError(
            f"You come from {address}, which would be locked out. Allow your own network first."
        )
    try:
        with transaction.atomic(using=current_scope().alias):
            kept: AllowedNetwork = AllowedNetwork.objects.create(
                network=str(wanted), note=note, added_by=added_by
            )
            record("network.allowed", object_type=TABLE, object_id=str(kept.pk),
                   payload={"network": str(wanted), "note": note})  # fmt: skip
    except IntegrityError:
        raise NetworkError(f"{wanted} is allowed already.") from None
    return kept


def disallow(kept: AllowedNetwork, *, address: str = "") -> None:
    """Take a network off the list; taking the last one off opens the host to everywhere."""
    rest = [one for one in allowed_networks() if str(one) != kept.network]
    if address and rest and not admits(address, rest):
        raise NetworkError(f"You come from {address}: without {kept.network} you are locked out.")
    with transaction.atomic(using=current_scope().alias):
        record("network.disallowed", object_type=TABLE, object_id=str(kept.pk),
               payload={"network": kept.network})  # fmt: skip
        kept.delete()
