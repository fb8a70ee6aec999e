"""The nightly self-check as a job: look, keep what was found, mail once about each new red."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from onboarding.backups import looks, telling
from onboarding.backups.looks import Seen
from onboarding.backups.models import SelfCheck
from onboarding.backups.selectors import whose
from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenants.jobs import Work

log = logging.getLogger(__name__)
OWNER = "owner"
KEPT = timedelta(days=90)
RED = SelfCheck.Result.RED
LOOKED_AT = ("active", "read_only", "suspended", "archived")


def look_at_platform(work: Work) -> None:
    """Look at what belongs to no clinic."""
    for place, (name, look) in enumerate(looks.PLATFORM_LOOKS.items()):
        work.progress(place, len(looks.PLATFORM_LOOKS))
        _keep(work, name, None, look)


def look_at_clinics(work: Work) -> None:
    """Look at every clinic; one that was looked at tonight already is passed over."""
    with public_scope(using=OWNER):
        clinics = list(Tenant.objects.filter(state__in=LOOKED_AT).order_by("pk"))
        looked = set(
            SelfCheck.objects.filter(run=work.job.pk).values_list("tenant_id", "check_name")
        )
    for place, tenant in enumerate(clinics):
        for name, look in looks.CLINIC_LOOKS.items():
            work.progress(place, len(clinics))
            if (tenant.pk, name) not in looked:
                _keep(work, name, tenant, lambda look=look, tenant=tenant: look(tenant))  # type: ignore[misc]


def _keep(work: Work, name: str, tenant: Tenant | None, look: Callable[[], Seen]) -> None:
    """Look, and write down what was found. A look that stumbles is red itself."""
    try:
        seen = look()
    except Exception as error:
        log.exception("the look at %s of %s failed", name, tenant.subdomain if tenant else "all")
        seen = Seen(RED, f"The look itself failed ({type(error).__name__}); the log says where.")
    now = timezone.now()
    tenant_id = tenant.pk if tenant else None
    with public_scope(using=OWNER):
        before = (
            SelfCheck.objects.filter(whose(tenant_id), check_name=name)
            .exclude(run=work.job.pk)
            .order_by("-at")
            .first()
        )
        goes_on = before is not None and before.result == seen.result
        SelfCheck.objects.filter(whose(tenant_id), run=work.job.pk, check_name=name).delete()
        SelfCheck.objects.create(
            run=work.job.pk,
            check_name=name,
            tenant_id=tenant_id,
            result=seen.result,
            words=seen.words[:500],
            figures=seen.figures,
            at=now,
            since=before.since if before and goes_on else now,
            told_at=before.told_at if before and goes_on else None,
        )


def tell(work: Work) -> None:
    """Mail the operators of what has become red and of what is well again; nothing new, no mail."""
    with public_scope(using=OWNER):
        tonight = list(SelfCheck.objects.filter(run=work.job.pk).select_related("tenant"))
        new = [one for one in tonight if one.result == RED and one.told_at is None]
        cleared = [one for one in tonight if one.result != RED and _was_told_of(one)]
    lines = [_line(one) for one in new]
    well_again = [_line(one) for one in cleared if one.told_at is None]
    if lines or well_again:
        subject = (
            f"{len(lines)} new findings of tonight's self-check"
            if lines
            else "what was red is no longer"
        )
        if telling.mail_operators(subject, lines, well_again=well_again):
            with public_scope(using=OWNER):
                told = [one.pk for one in (*new, *cleared)]
                SelfCheck.objects.filter(pk__in=told).update(told_at=timezone.now())
    results = [one.result for one in tonight]
    work.finish(
        green=results.count("green"), amber=results.count("amber"), red=results.count("red"),
        new=len(lines), cleared=len(well_again),
    )  # fmt: skip
    with public_scope(using=OWNER):
        SelfCheck.objects.filter(at__lt=timezone.now() - KEPT).delete()


def _was_told_of(one: SelfCheck) -> bool:
    """Whether the look before was red and somebody was mailed of it."""
    before = (
        SelfCheck.objects.filter(whose(one.tenant_id), check_name=one.check_name, at__lt=one.at)
        .order_by("-at")
        .first()
    )
    return before is not None and before.result == RED and before.told_at is not None


def _line(one: SelfCheck) -> str:
    return f"{one.tenant.subdomain if one.tenant else 'platform'}, {one.check_name}: {one.words}"
