"""What an owner asks the worker to write on the clinic's own row, which no page may write."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time

from django.utils.dateparse import parse_date

from onboarding.subscription.offer import offer
from onboarding.subscription.selectors import too_big_for, usage
from tenants.jobs import JobError, Kind, Step, Work, register
from tenants.migrate import OWNER
from tenants.models import Job, Tenant
from tenants.scope import public_scope, tenant_scope

PLAN = "plan"
DETAILS = "details"
TRIAL_OVER = "The trial has ended and no plan has been chosen. The owner can choose one."
"""The reason of a clinic that is read-only for this and nothing else."""
REGIONS = {"AU": "Australia", "NZ": "New Zealand", "ZA": "South Africa"}
NAME_LENGTH = 120


def choose(work: Work) -> None:
    """Give the clinic the plan; safe to run again."""
    plan = offer().plan(str(work.params.get("plan") or ""))
    if plan is None or not plan.is_offered:
        raise JobError("This plan is not on offer any more.")
    clinic = work.tenant
    with tenant_scope(clinic, using=OWNER):
        against = too_big_for(plan, usage())
    if against:
        raise JobError(f"“{plan.title}” is too small: {against}.")
    with public_scope(using=OWNER):
        mine = Tenant.objects.filter(pk=clinic.pk)
        mine.update(plan=plan.name, trial_ends_at=None)
        mine.filter(state=Tenant.State.READ_ONLY, state_reason=TRIAL_OVER).update(
            state=Tenant.State.ACTIVE, state_reason=""
        )
    work.finish(plan=plan.name, before=clinic.plan)


def write_details(work: Work) -> None:
    """Write what the owner has said of the practice: name, clock, region, when it goes live."""
    changes = _checked(work.job)
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=work.tenant.pk).update(**changes)
    work.finish(changed=sorted(changes))


def _checked(job: Job) -> dict[str, object]:
    """Answer the columns to write; raises JobError for what no form would have let through."""
    changes: dict[str, object] = {}
    if "name" in job.params:
        name = " ".join(str(job.params["name"]).split())[:NAME_LENGTH]
        if not name:
            raise JobError("A clinic needs a name.")
        changes["name"] = name
    if "time_zone" in job.params:
        zone = str(job.params["time_zone"])
        if zone not in zoneinfo.available_timezones():
            raise JobError(f"There is no time zone “{zone}”.")
        changes["time_zone"] = zone
    if "region" in job.params:
        if job.params["region"] not in REGIONS:
            raise JobError("This region is not known.")
        changes["region"] = job.params["region"]
    if "went_live_on" in job.params:
        changes["went_live_at"] = _moment(job.params["went_live_on"])
    return changes


def _moment(written: object) -> datetime | None:
    day: date | None = parse_date(str(written)) if written else None
    if written and day is None:
        raise JobError("This is not a date.")
    return datetime.combine(day, time(), tzinfo=UTC) if day is not None else None


KINDS = (
    Kind(
        PLAN,
        "Change of the plan",
        (Step("choose", "Writing the plan down", choose),),
        from_clinic=True,
    ),
    Kind(
        DETAILS,
        "Change of the practice’s details",
        (Step("write", "Writing the details down", write_details),),
        from_clinic=True,
        is_alone=False,
    ),
)


def register_all() -> None:
    register(*KINDS)
