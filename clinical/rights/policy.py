"""What the law of a clinic's jurisdiction asks: files of data beside this module, read once.

A file may `extends` another and says only what differs; a list replaces the other's list.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clinical.rights.models import RightsSettings

if TYPE_CHECKING:
    from datetime import date

    from tenants.models import Tenant

FOLDER = Path(__file__).parent / "policies"
FALLBACK = "AU"


class PolicyError(RuntimeError):
    """A policy file is not as it must be; the message names it."""


@dataclass(frozen=True)
class Use:
    """A use of a person's information that they can have stopped."""

    key: str
    label: str
    about: str = ""


@dataclass(frozen=True)
class BreachStep:
    """A step of handling a data breach."""

    key: str
    label: str
    about: str = ""
    ends: bool = False


@dataclass(frozen=True)
class RetentionRule:
    """How long records are kept; years, and ages in years."""

    years: int
    majority: int
    minor_until: int
    deceased_years: int
    unknown_birth_years: int
    is_for_life_if_impaired: bool
    source: str
    entries: dict[str, str]
    """Table → the column that says when care was given; its rows name a patient."""


@dataclass(frozen=True)
class Policy:
    """All that the code asks of a jurisdiction."""

    code: str
    said: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.said["name"])

    @property
    def law(self) -> str:
        return str(self.said["law"])

    @property
    def regulator(self) -> str:
        return str(self.said["regulator"])

    def days(self, kind: str) -> int:
        """Answer within how many days a request of a kind must be answered."""
        return int(self.said[kind]["days"])

    def source(self, *path: str) -> str:
        """Answer where a rule stands."""
        found = self.said
        for name in path:
            found = found[name]
        return str(found["source"])

    @property
    def uses(self) -> tuple[Use, ...]:
        return tuple(Use(**use) for use in self.said["restriction"]["uses"])

    @property
    def retention(self) -> RetentionRule:
        return RetentionRule(**self.said["retention"])

    @property
    def breach_steps(self) -> tuple[BreachStep, ...]:
        return tuple(BreachStep(**step) for step in self.said["breach"]["steps"])

    @property
    def breach_days(self) -> int:
        return int(self.said["breach"]["assess_days"])

    @property
    def left_out_of_access(self) -> dict[str, str]:
        """Answer tables that are not handed out by themselves, with the reason."""
        return dict(self.said["access"].get("leave_out", {}))

    def reduced_name(self, full_name: str, *, place: str) -> str:
        """Answer a name as `invoices` or the `register` keep it after an erasure."""
        how = self.said["erasure"][place]["name"]
        if how == "full":
            return full_name
        initials = "".join(f"{word[0].upper()}." for word in full_name.split() if word)
        return {"initials": initials, "none": ""}[how]


@cache
def jurisdictions() -> dict[str, str]:
    """Answer every jurisdiction there is a file for: code → name."""
    return {path.stem: policy_named(path.stem).name for path in sorted(FOLDER.glob("*.toml"))}


@cache
def policy_named(code: str) -> Policy:
    """Answer a jurisdiction's policy; raises PolicyError for one without a file."""
    path = FOLDER / f"{code}.toml"
    if not path.is_file():
        raise PolicyError(f"There is no policy file for {code}. Add {path.name} to {FOLDER}.")
    said = tomllib.loads(path.read_text())
    above = said.pop("extends", "")
    if above:
        said = _laid_over(policy_named(above).said, said)
    policy = Policy(code, said)
    _check(policy)
    return policy


def policy_of(tenant: Tenant) -> Policy:
    """Answer the policy of the clinic in scope: as set there, else by where it was set up."""
    kept = RightsSettings.objects.values_list("jurisdiction", flat=True).first()
    code = kept or tenant.region
    return policy_named(code if code in jurisdictions() else FALLBACK)


def years_after(day: date, years: int) -> date:
    """Answer the same day so many years later; 29 February becomes the 28th, as PostgreSQL has it."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        is_both = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = _laid_over(below[key], value) if is_both else value
    return merged


def _check(policy: Policy) -> None:
    """Fail where something the code asks for is missing."""
    try:
        assert policy.retention.years > 0  # noqa: S101 - a file of ours, tried by the tests
        assert policy.uses  # noqa: S101
        assert {"suspected", "closed"} <= {step.key for step in policy.breach_steps}  # noqa: S101
        for place in ("invoices", "register"):
            policy.reduced_name("A B", place=place)
        for kind in ("access", "correction", "restriction", "erasure"):
            policy.days(kind), policy.source(kind)
    except (KeyError, TypeError, AssertionError) as error:
        raise PolicyError(f"{policy.code}.toml is not complete: {error!r}") from error
