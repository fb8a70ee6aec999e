"""How much of its plan a clinic uses, and how its trial stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Sum

from clinical.documents.models import Document, Upload
from clinical.practice.models import Location, Practitioner
from onboarding.subscription.offer import GIGABYTE, Limits, Plan, offer

if TYPE_CHECKING:
    from datetime import datetime

    from tenants.models import Tenant


@dataclass(frozen=True)
class Usage:
    """What counts towards the limits, in the clinic in scope."""

    clinicians: int
    locations: int
    storage: int
    """Bytes."""


@dataclass(frozen=True)
class Measure:
    """One limit of the plan beside what is used of it."""

    label: str
    used: str
    limit: str
    percent: int | None
    is_over: bool


@dataclass(frozen=True)
class Standing:
    """Where a clinic's trial stands; a clinic that has chosen a plan has none."""

    plan: Plan | None
    ends_at: datetime | None
    closes_at: datetime | None
    """From then on the clinic is read-only."""
    days_left: int
    is_over: bool
    is_closed: bool

    @property
    def is_trial(self) -> bool:
        return self.ends_at is not None

    @property
    def is_near(self) -> bool:
        """Whether it is time to say so above the pages."""
        return self.is_trial and (self.is_over or self.days_left <= offer().trial.warn_days)


def usage() -> Usage:
    """Count what the clinic in scope uses."""
    return Usage(
        clinicians=Practitioner.objects.filter(is_active=True).count(),
        locations=Location.objects.filter(is_active=True).count(),
        storage=storage_used(),
    )


def storage_used() -> int:
    """Answer the bytes of documents, of images, and of what is on its way."""
    stored = Document.objects.aggregate(sum=Sum("size"))["sum"] or 0
    coming = Upload.objects.filter(document=None).aggregate(sum=Sum("size"))["sum"] or 0
    return int(stored + coming)


def standing(tenant: Tenant, *, now: datetime) -> Standing:
    """Answer how the clinic's plan and trial stand; costs no query."""
    plan, ends_at = offer().plan(tenant.plan), tenant.trial_ends_at
    if ends_at is None:
        return Standing(plan, None, None, 0, is_over=False, is_closed=False)
    closes_at = ends_at + timedelta(days=offer().trial.grace_days)
    left = max(0, -(-int((ends_at - now).total_seconds()) // 86400))
    return Standing(plan, ends_at, closes_at, left, now >= ends_at, now >= closes_at)


def measures(plan: Plan | None, used: Usage) -> list[Measure]:
    """Set what is used beside the plan's limits."""
    limits = plan.limits if plan is not None else Limits(None, None, None)
    rows: tuple[tuple[str, int, int | None, str, int], ...] = (
        ("Clinicians in use", used.clinicians, limits.clinicians, "{:,}", 1),
        ("Locations in use", used.locations, limits.locations, "{:,}", 1),
        ("Documents and images", used.storage, limits.storage, "{:,.1f} GB", GIGABYTE),
    )
    return [
        Measure(
            label=label,
            used=words.format(amount / unit if unit > 1 else amount),
            limit=words.format(limit / unit if unit > 1 else limit) if limit else "",
            percent=min(100, amount * 100 // limit) if limit else None,
            is_over=limit is not None and amount > limit,
        )
        for label, amount, limit, words, unit in rows
    ]


def too_big_for(plan: Plan, used: Usage) -> str:
    """Say in words why the clinic does not fit into a plan; "" where it does."""
    limits = plan.limits
    reasons = []
    if limits.clinicians is not None and used.clinicians > limits.clinicians:
        reasons.append(f"{used.clinicians} clinicians are in use, it has {limits.clinicians}")
    if limits.locations is not None and used.locations > limits.locations:
        reasons.append(f"{used.locations} locations are in use, it has {limits.locations}")
    if limits.storage is not None and used.storage > limits.storage:
        reasons.append(
            f"{used.storage / GIGABYTE:,.0f} GB of files are kept, it has {limits.storage_gb:,} GB"
        )
    return "; ".join(reasons)
