"""What is on offer: plans with their prices and limits, the trial, how sign-ups are kept.

All of it is policy data in a file of the installation's own, `NEXUS_OFFER`; nothing of it is code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

GIGABYTE = 10**9


@dataclass(frozen=True)
class Limits:
    """How much a plan holds; None: as much as there is."""

    clinicians: int | None
    locations: int | None
    storage_gb: int | None

    @property
    def storage(self) -> int | None:
        """The same in bytes."""
        return None if self.storage_gb is None else self.storage_gb * GIGABYTE


@dataclass(frozen=True)
class Plan:
    """One plan, in the words of the public page."""

    name: str
    title: str
    price: str
    note: str
    about: str
    limits: Limits
    is_offered: bool


@dataclass(frozen=True)
class Trial:
    plan: str
    days: int
    grace_days: int
    """After the end everything still works for so long."""
    warn_days: int
    """So long before the end it is said above every page of the owners."""


@dataclass(frozen=True)
class SignUpRules:
    link_hours: int
    forget_days: int
    """After so long a sign-up nobody has confirmed is forgotten."""
    unused_days: int
    """A clinic nobody has ever signed in to is swept after so long."""


@dataclass(frozen=True)
class SubProcessor:
    name: str
    does: str
    where: str


@dataclass(frozen=True)
class Offer:
    """The whole of the file."""

    contact: str
    trial: Trial
    sign_up: SignUpRules
    plans: tuple[Plan, ...]
    everything: tuple[str, ...]
    sub_processors: tuple[SubProcessor, ...]
    throw_away_domains: frozenset[str]
    shared_mail_domains: frozenset[str]

    @property
    def offered(self) -> tuple[Plan, ...]:
        """The plans that can be chosen."""
        return tuple(plan for plan in self.plans if plan.is_offered)

    def plan(self, name: str) -> Plan | None:
        """Answer the plan of that name; None for one that is not in the file (any more)."""
        return next((plan for plan in self.plans if plan.name == name), None)


def offer() -> Offer:
    """Answer what this installation offers; raises ImproperlyConfigured naming what is wrong."""
    return _read(str(settings.OFFER_FILE))


@lru_cache(maxsize=4)
def _read(path: str) -> Offer:
    try:
        written = json.loads(Path(path).read_text(encoding="utf-8"))
        found = Offer(
            contact=written["contact"] or f"hello@{settings.BASE_DOMAIN}",
            trial=Trial(**written["trial"]),
            sign_up=SignUpRules(**written["sign_up"]),
            plans=tuple(_plan(entry) for entry in written["plans"]),
            everything=tuple(written["everything"]),
            sub_processors=tuple(SubProcessor(**entry) for entry in written["sub_processors"]),
            throw_away_domains=frozenset(written["throw_away_domains"]),
            shared_mail_domains=frozenset(written["shared_mail_domains"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImproperlyConfigured(
            f"NEXUS_OFFER names {path}, which is no file of plans: {type(error).__name__}: {error}"
        ) from error
    if found.plan(found.trial.plan) is None:
        raise ImproperlyConfigured(f"{path}: the trial’s plan “{found.trial.plan}” is not there.")
    return found


def _plan(written: dict[str, Any]) -> Plan:
    return Plan(**{**written, "limits": Limits(**written["limits"])})
