"""Which addresses can be had: well written, not kept, not taken, and not to be mistaken for another's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from onboarding.signup.models import Signup
from tenants.lifecycle import (
    KEPT_FREE,
    RESERVED_SUBDOMAINS,
    SubdomainError,
    check_subdomain,
)
from tenants.models import Domain, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALIKE = str.maketrans("01i5", "olls")
_PAIRS = (("rn", "m"), ("vv", "w"))
_ENDINGS = ("clinic", "health", "care", "rooms", "team", "practice")
OFFERED = 3
LONGEST = 40


class AddressTakenError(SubdomainError):
    """Another clinic has the address, or had it, or has one that reads the same."""


def skeleton(subdomain: str) -> str:
    """Answer what a hurried eye sees: two addresses with one skeleton are mistaken for each other.

    0 and o, 1, l and i, 5 and s are one; so are rn and m, vv and w; hyphens are overlooked.
    """
    seen = subdomain.lower().replace("-", "").translate(_ALIKE)
    for pair, letter in _PAIRS:
        seen = seen.replace(pair, letter)
    return seen


_KEPT = {skeleton(word) for word in RESERVED_SUBDOMAINS}


def check_address(subdomain: str, *, besides: int | None = None) -> str:
    """Answer the address in lower case, or raise SubdomainError; the caller is in a shared scope.

    `besides` is the clinic that asks for it: what it has and had is its own.
    """
    wanted = well_written(subdomain)
    mine = skeleton(wanted)
    if mine in _taken(besides):
        raise AddressTakenError(
            f"“{wanted}” is taken, or too much like an address that is. Choose another one."
        )
    return wanted


def well_written(subdomain: str) -> str:
    """Answer the address in lower case if a clinic may be called so at all; asks no database."""
    wanted = subdomain.strip()
    if not wanted.isascii():
        strange = next(letter for letter in wanted if not letter.isascii())
        raise SubdomainError(
            f"Use the plain letters a–z: “{strange}” is not one of them, though it may look like one."
        )
    wanted = check_subdomain(wanted)
    if skeleton(wanted) in {*_KEPT, skeleton(settings.OPERATORS_SUBDOMAIN)}:
        raise SubdomainError(f"“{wanted}” is kept for the platform. Choose another address.")
    return wanted


def suggestions(subdomain: str) -> list[str]:
    """Answer a few addresses near the wanted one that can be had; the caller is in a shared scope."""
    base = re.sub(r"[^a-z0-9]+", "-", subdomain.lower()).strip("-")[:28].strip("-")
    if not base or not base[0].isalpha():
        return []
    taken = _taken(None)
    found = (f"{base}-{ending}" for ending in _ENDINGS if ending not in base)
    return [each for each in found if skeleton(each) not in taken][:OFFERED]


def _taken(besides: int | None) -> set[str]:
    return {skeleton(label) for label in _labels(besides)}


def _labels(besides: int | None) -> Iterator[str]:
    """Answer the addresses of all clinics, those they had before, and those being built.

    Those of a clinic deleted long ago are free again.
    """
    over = {"state": Tenant.State.DELETED, "deleted_at__lt": timezone.now() - KEPT_FREE}
    clinics = Tenant.objects.exclude(pk=besides).exclude(**over)
    yield from clinics.values_list("subdomain", flat=True)
    hosts = Domain.objects.exclude(tenant_id=besides).exclude(
        **{f"tenant__{name}": value for name, value in over.items()}
    )
    for host in hosts.values_list("domain", flat=True):
        yield host.partition(".")[0]
    being_built = Signup.objects.filter(state__in=Signup.BUILDING_STATES)
    yield from being_built.values_list("subdomain", flat=True)
