"""What operators do: ask for jobs and decide on them, switch a clinic's flags, change its plan.

A clinic's life is changed by jobs only (`tenants.jobs`); the page, the API and the command ask for
the same ones. An operator is known to a job by the e-mail address: a name can be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.transactions import atomic
from audit.services import record
from operators.models import ClinicHealth
from operators.tasks import look_at_one
from tenants import flags, jobs
from tenants.models import Job, Tenant
from tenants.scope import current_scope

if TYPE_CHECKING:
    from accounts.models import User

JOBS, TENANTS = "tenants_job", "tenants_tenant"
VERBS = ("approve", "cancel", "retry")


class OperatorError(Exception):
    """What was asked for cannot be done; the message is for a person."""


@atomic
def ask(name: str, tenant: Tenant | None, *, actor: User, **params: Any) -> Job:
    """Ask for a job of a clinic's life. Raises JobError."""
    job = jobs.ask(name, tenant, asked_by=actor.email, asked_from="operators", **params)
    _record("job.ask", job, kind=name, params=params)
    return job


@atomic
def decide(job: Job, verb: str, *, actor: User) -> Job:
    """Approve, cancel or retry a job. Raises JobError; approving takes a second person."""
    if verb == "approve":
        changed = jobs.approve(job, approved_by=actor.email)
    elif verb == "cancel":
        changed = jobs.cancel(job)
    elif verb == "retry":
        changed = jobs.retry(job)
    else:
        raise OperatorError(f"A job cannot be told to “{verb}”: {', '.join(VERBS)} are known.")
    _record(f"job.{verb}", job, kind=job.kind)
    return changed


def _record(action: str, job: Job, **payload: Any) -> None:
    record(action, object_type=JOBS, object_id=str(job.pk), payload=payload)


def want_look(tenant: Tenant) -> ClinicHealth:
    """Have a clinic's figures taken now, by a worker."""
    health, _ = ClinicHealth.objects.update_or_create(
        tenant_id=tenant.pk, defaults={"wanted_at": timezone.now()}
    )
    transaction.on_commit(
        lambda: look_at_one.apply_async((tenant.pk,), retry=False), using=current_scope().alias
    )
    return health


@atomic
def switch_flag(tenant_id: int, name: str, *, is_on: bool | None) -> Tenant:
    """Switch a feature on or off for one clinic; None: as for all clinics. Raises UnknownFlagError."""
    flag = flags.named(name)
    tenant: Tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
    before = tenant.flags.get(flag.name)
    if is_on is None:
        tenant.flags.pop(flag.name, None)
    else:
        tenant.flags[flag.name] = is_on
    tenant.save(update_fields=["flags"])
    record(
        "flag.switched", object_type=TENANTS, object_id=str(tenant.pk),
        payload={"flag": flag.name, "before": before, "after": is_on},
    )  # fmt: skip
    return tenant


def record_download(job: Job, *, name: str) -> None:
    """Write down who has taken a job's file."""
    _record("job.downloaded", job, kind=job.kind, file=name)
