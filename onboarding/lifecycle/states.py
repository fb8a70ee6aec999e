"""Steps of a clinic's plain changes of life: made, renamed, closed, opened again, put away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from onboarding.signup.addresses import check_address
from tenants import lifecycle
from tenants.jobs import OWNER, JobError, kind_of
from tenants.lifecycle import StateError, SubdomainError
from tenants.models import Job, Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from tenants.jobs import Work

State = Tenant.State
MODES = {"read_only": State.READ_ONLY, "closed": State.SUSPENDED}
IN_USE = (State.ACTIVE, State.READ_ONLY, State.SUSPENDED)
COMES_BACK_FROM = (State.READ_ONLY, State.SUSPENDED, State.ARCHIVED, State.DELETING)


# ── create ───────────────────────────────────────────────────────────────────────────────────────


def reserve(work: Work) -> None:
    """Write the clinic's row, and make the job the clinic's."""
    if work.job.tenant_id is not None:
        return
    wanted = work.params
    try:
        tenant = _reserved_by(work) or lifecycle.reserve_tenant(
            name=_text(wanted, "name"),
            subdomain=_text(wanted, "subdomain"),
            time_zone=wanted.get("time_zone") or "Australia/Sydney",
            region=wanted.get("region") or "AU",
            plan=wanted.get("plan") or "trial",
            verified_at=timezone.now(),  # whoever asks here vouches for it
            flags={"made_by_job": str(work.job.pk)},
        )
    except SubdomainError as error:
        raise JobError(str(error)) from error
    work.adopt(tenant)


def _reserved_by(work: Work) -> Tenant | None:
    """Answer the row that this job wrote before its worker died."""
    with public_scope(using=OWNER):
        mine = Tenant.objects.filter(flags__made_by_job=str(work.job.pk))
        found: Tenant | None = mine.first()
    return found


def build(work: Work) -> None:
    """Build the clinic's tables, and open it."""
    tenant = lifecycle.finish_creation(work.tenant)
    with public_scope(using=OWNER):
        tenant.flags.pop("made_by_job", None)
        tenant.save(update_fields=["flags"])
    work.finish(tenant_id=tenant.pk, url=tenant.url)


# ── rename ───────────────────────────────────────────────────────────────────────────────────────


def rename(work: Work) -> None:
    """Give the clinic its new address, and perhaps a new name."""
    tenant = work.tenant
    work.keep(before=work.notes.get("before") or tenant.url)
    subdomain = str(work.params.get("subdomain") or tenant.subdomain)
    if tenant.state not in IN_USE:
        raise JobError("Only a clinic that is in use can get another address.")
    try:
        if subdomain != tenant.subdomain:
            with public_scope(using=OWNER):
                subdomain = check_address(subdomain, besides=tenant.pk)
        tenant = lifecycle.rename_tenant(tenant, subdomain=subdomain)
    except SubdomainError as error:
        raise JobError(str(error)) from error
    if name := str(work.params.get("name") or "").strip():
        with public_scope(using=OWNER):
            Tenant.objects.filter(pk=tenant.pk).update(name=name[:120])
    work.finish(
        url=tenant.url,
        before=work.notes["before"],
        note="People sign in again at the new address; the old one leads there.",
    )


# ── suspend, reactivate, archive ─────────────────────────────────────────────────────────────────


def suspend(work: Work) -> None:
    """Close the clinic, or let people read only."""
    mode = work.params.get("mode") or "closed"
    if mode not in MODES:
        raise JobError("A clinic is suspended as “read_only” or “closed”.")
    change(work, MODES[mode], among=IN_USE, reason=str(work.params.get("reason") or ""))


def reactivate(work: Work) -> None:
    """Open the clinic again."""
    tenant = work.tenant
    if tenant.state == State.DELETING and _is_being_destroyed(tenant):
        raise JobError("Its deletion has begun, and what is gone cannot be brought back.")
    change(work, State.ACTIVE, among=COMES_BACK_FROM)


def _is_being_destroyed(tenant: Tenant) -> bool:
    """Say whether the last deletion went past the point from which there is a way back."""
    with public_scope(using=OWNER):
        last = Job.objects.filter(tenant_id=tenant.pk, kind="delete").first()
    return last is not None and not kind_of(last).may_end_at(last.step)


def archive(work: Work) -> None:
    """Put the clinic away: closed, its tables and files kept."""
    change(work, State.ARCHIVED, among=IN_USE, reason=str(work.params.get("reason") or ""))


def change(work: Work, state: Tenant.State, *, among: tuple[str, ...], reason: str = "") -> None:
    """Bring the clinic into a state, and leave word of what it was before."""
    before = work.tenant.get_state_display()
    work.keep(before=work.notes.get("before") or before)
    try:
        tenant = lifecycle.change_state(work.tenant, state, among=among, reason=reason)
    except StateError as error:
        raise JobError(str(error)) from error
    work.finish(state=tenant.state, before=work.notes["before"])


def _text(wanted: dict[str, object], name: str) -> str:
    value = str(wanted.get(name) or "").strip()
    if not value:
        raise JobError(f"A clinic needs a {name}.")
    return value
