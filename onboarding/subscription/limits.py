"""The friendly edge of a plan: what would be one too many is refused with words on what to do.

Only what is added is looked at. What is there already, an import brought along, stays and works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from clinical.practice.models import Location, Practitioner
from onboarding.subscription.offer import offer
from onboarding.subscription.selectors import storage_used
from tenants.scope import current_scope

if TYPE_CHECKING:
    from django.db.models import Model

    from onboarding.subscription.offer import Plan


def check_entry(entry: Model) -> None:
    """Refuse a clinician or a location in use beyond the plan; raises ValidationError."""
    plan = _plan()
    if plan is None or not getattr(entry, "is_active", False):
        return
    if isinstance(entry, Practitioner):
        most, noun, verb = plan.limits.clinicians, "clinician", "“Sees patients here”"
    elif isinstance(entry, Location):
        most, noun, verb = plan.limits.locations, "location", "“In use”"
    else:
        return
    if most is None:
        return
    others = type(entry).objects.filter(is_active=True)
    if others.filter(pk=entry.pk).exists() or others.count() < most:
        return
    raise ValidationError(
        f"Your plan “{plan.title}” has {most} {noun}{'s' if most != 1 else ''}, and all are in use. "
        f"Take one out of use by removing the tick at {verb}, or let the owner choose a larger plan "
        "under Settings → Plan. Nothing that is there already is affected."
    )


def words_against_storing(size: int) -> str:
    """Say why `size` more bytes do not fit into the plan; "" where they do."""
    plan = _plan()
    if plan is None or plan.limits.storage is None:
        return ""
    if storage_used() + size <= plan.limits.storage:
        return ""
    return (
        f"Your plan “{plan.title}” keeps {plan.limits.storage_gb:,} GB of documents and images, and "
        "this file would not fit any more. Let the owner choose a larger plan under "
        "Settings → Plan. All files that are here stay."
    )


def _plan() -> Plan | None:
    """Answer the plan of the clinic in scope; None where it has one of its own agreement."""
    return offer().plan(current_scope().plan)
