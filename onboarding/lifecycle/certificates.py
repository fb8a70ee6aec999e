"""The certificate of destruction: what was destroyed, who wanted it, what still holds a copy."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from onboarding.lifecycle.models import Certificate
from tenants.jobs import OWNER
from tenants.scope import public_scope
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from tenants.models import Job

TEMPLATE = Path(__file__).parent / "pdf" / "certificate.typ"
_BACKUPS = (
    "Encrypted backups made before the destruction still hold the clinic's tables, and its keys as they "
    "were wrapped. They are not opened for this clinic and are deleted by the rule of retention, the "
    "last of them on {until}."
)
_OWN_BUCKET = (
    "The clinic kept files of its patients in a bucket of its own. Those are the clinic's and were left "
    "there untouched; our access to the bucket was destroyed."
)


def backups_until(moment: datetime) -> datetime:
    """Answer when the last backup that can hold the clinic is deleted."""
    days, weeks, months = getattr(settings, "BACKUP_KEEP", (14, 8, 12))
    return moment + timedelta(days=max(days, weeks * 7, months * 31))


def facts_of(job: Job, found: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    """Put together what the certificate says; `found` is what the job's steps have left."""
    until = backups_until(at)
    remains = [_BACKUPS.format(until=f"{until:%-d %B %Y}")]
    if found.get("own_bucket"):
        remains.append(_OWN_BUCKET)
    return {
        "clinic": found["name"],
        "address": found["address"],
        "number": job.tenant_id,
        "schema": found["schema"],
        "reference": str(job.pk),
        "asked_by": job.asked_by,
        "asked_at": _moment(job.created_at),
        "approved_by": job.approved_by,
        "closed_at": found.get("closed_at", ""),
        "destroyed_at": _moment(at),
        "tables": sorted(found["tables"].items()),
        "rows": sum(found["tables"].values()),
        "files": found["files"],
        "bytes": found["bytes"],
        "keys": found["keys"],
        "bindings": found["bindings"],
        "remains": remains,
        "backups_until": until.date().isoformat(),
    }


def issue(job: Job, found: dict[str, Any]) -> Certificate:
    """Write the certificate once; a second call answers the first one."""
    number = int(job.tenant_id or 0)
    with public_scope(using=OWNER):
        known = certificate_of(number)
    if known is not None:
        return known
    at = timezone.now()
    facts = facts_of(job, found, at=at)
    pdf = render_pdf(TEMPLATE, facts)
    with public_scope(using=OWNER):
        made, _ = Certificate.objects.get_or_create(
            tenant_id=number,
            defaults={
                "job_id": job.pk,
                "facts": facts,
                "pdf": pdf,
                "sha256": hashlib.sha256(pdf).hexdigest(),
                "issued_at": at,
            },
        )
    return made


def certificate_of(tenant_id: int) -> Certificate | None:
    """Answer a destroyed clinic's certificate, in a shared scope of operators or commands."""
    return Certificate.objects.filter(tenant_id=tenant_id).first()


def _moment(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC"
