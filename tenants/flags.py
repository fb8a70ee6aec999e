"""Features that are switched on or off for one clinic: known by name, with words for the operators.

Code asks `is_on(tenant, "name")`; the value for all clinics stands where the flag is registered, a
clinic's own in `Tenant.flags`. Nobody's permission hangs on a flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenants.models import Tenant


class UnknownFlagError(LookupError):
    """A flag was asked for that nobody has registered."""


@dataclass(frozen=True)
class Flag:
    """One feature; `default` holds for every clinic that has no value of its own."""

    name: str
    title: str
    about: str
    default: bool


_flags: dict[str, Flag] = {}


def register(flag: Flag) -> None:
    """Make a flag known; called from an AppConfig's ready()."""
    _flags[flag.name] = flag


def known() -> Sequence[Flag]:
    return sorted(_flags.values(), key=lambda flag: flag.title)


def named(name: str) -> Flag:
    try:
        return _flags[name]
    except KeyError:
        raise UnknownFlagError(f"There is no feature “{name}” to switch.") from None


def is_on(tenant: Tenant, name: str) -> bool:
    """Answer whether a feature is on in a clinic; raises UnknownFlagError."""
    own = tenant.flags.get(name)
    return named(name).default if own is None else bool(own)
