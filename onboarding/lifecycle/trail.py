"""Every job on record: in the platform's trail, and in the clinic's own, so that its owner sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from audit.services import record
from tenants.models import Job, Tenant
from tenants.scope import Actor, public_scope, tenant_scope

if TYPE_CHECKING:
    from typing import Any

OF_THE_PLATFORM = frozenset({"migrate", "backup", "drill", "selfcheck"})
"""Kinds that are the platform's routine; a clinic's trail holds what is done with the clinic."""
WITHOUT_TABLES = frozenset({Tenant.State.CREATING, Tenant.State.DELETED})
OBJECT = Job._meta.db_table


def record_news(job: Job, what: str) -> None:
    """Write down who asked for a job, who approved it, that it began and how it ended."""
    if what.startswith("step:"):
        return
    tenant = _clinic_of(job)
    actor = Actor(label=job.asked_by or job.asked_from)
    if what == "approved":
        actor = Actor(label=job.approved_by)
    facts = _facts(job, tenant)
    action = f"job.{what}"
    result = "failed" if what == "failed" else "ok"
    with public_scope(using=_alias(), actor=actor):
        record(action, object_type=OBJECT, object_id=str(job.pk), result=result, payload=facts)
    if tenant is None or tenant.state in WITHOUT_TABLES or job.kind in OF_THE_PLATFORM:
        return
    with tenant_scope(tenant, actor=actor):
        record(action, object_type=OBJECT, object_id=str(job.pk), result=result, payload=facts)


def _alias() -> str:
    """The worker and commands have the owner's connection, the web only its own."""
    return "owner" if "owner" in settings.DATABASES else "default"


def _clinic_of(job: Job) -> Tenant | None:
    if job.tenant_id is None:
        return None
    with public_scope(using=_alias()):
        found: Tenant | None = Tenant.objects.filter(pk=job.tenant_id).first()
    return found


def _facts(job: Job, tenant: Tenant | None) -> dict[str, Any]:
    """Answer what was asked for; nothing of patients stands in a job."""
    facts = {
        "kind": job.kind,
        "clinic": tenant.subdomain if tenant else "",
        "asked_by": job.asked_by,
        "asked_from": job.asked_from,
        "approved_by": job.approved_by,
        "params": job.params,
        "step": job.step,
        "problem": job.problem,
    }
    return {name: value for name, value in facts.items() if value}
