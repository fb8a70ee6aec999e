"""Background work carries its clinic in the message and runs inside its scope."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from celery import Task, shared_task
from django.utils import timezone

from tenants import jobs, spares
from tenants.models import Tenant
from tenants.outgoing import silent
from tenants.scope import Actor, NoTenantError, Scope, active_scope, public_scope, tenant_scope
from tenants.serving import RETRY_SECONDS, is_behind, with_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

if TYPE_CHECKING:
    _Task = Task[Any, Any]
else:
    _Task = Task

log = logging.getLogger(__name__)
T = TypeVar("T")

TENANT_HEADER = "nexus_tenant"
ACTOR_HEADER = "nexus_actor"
GONE = frozenset({Tenant.State.DELETING, Tenant.State.DELETED})
MOVING_SECONDS = 30


def _told(actor: Actor) -> list[str]:
    """Answer what a message says of who asked; of a visitor also who let them in, and to do what."""
    visitor = [actor.impersonator, actor.hand] if actor.impersonator else []
    return [actor.id, actor.label, actor.request_id, *visitor]


class TenantTask(_Task):
    """A task of one clinic. Its message names the clinic; the body never runs without it."""

    abstract = True
    long = False
    acks_late = True

    def apply_async(  # type: ignore[override]
        self, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        headers = dict(options.pop("headers", None) or {})
        if TENANT_HEADER not in headers:
            scope = active_scope()
            if scope is None or not scope.is_clinic:
                raise NoTenantError(f"{self.name} needs a clinic: call it inside tenant_scope().")
            headers[TENANT_HEADER] = scope.tenant_id
            headers[ACTOR_HEADER] = _told(scope.actor)
        return super().apply_async(args, kwargs, headers=headers, **options)

    def delay_for(self, tenant_id: int, *args: Any, **kwargs: Any) -> Any:
        """Send the task to a named clinic, from outside every scope."""
        return self.apply_async(args, kwargs, headers={TENANT_HEADER: tenant_id})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tenant_id = self._header(TENANT_HEADER)
        scope = active_scope()
        if tenant_id is None and scope is not None and scope.is_clinic:
            return super().__call__(*args, **kwargs)
        if tenant_id is None:
            raise NoTenantError(f"{self.name} came without a clinic.")
        with public_scope():
            tenant = with_heads(Tenant.objects.all()).get(pk=tenant_id)
        if is_behind(tenant):
            raise self.retry(countdown=RETRY_SECONDS, max_retries=None)
        if tenant.state in GONE:
            log.info("%s was for a clinic that is gone", self.name)
            return None
        if tenant.state == Tenant.State.MOVING:
            raise self.retry(countdown=MOVING_SECONDS, max_retries=None)
        if self.long:
            self.request.update(tenant=tenant)
            with silent(when=tenant.sandbox_of_id is not None):
                return super().__call__(*args, **kwargs)
        with tenant_scope(tenant, actor=self.actor):
            return super().__call__(*args, **kwargs)

    @property
    def tenant(self) -> Tenant:
        """The clinic of a long task."""
        return self.request.tenant  # type: ignore[attr-defined,no-any-return]

    @property
    def actor(self) -> Actor:
        found = self._header(ACTOR_HEADER) or ["", "system", ""]
        impersonator, hand = found[3:5] if len(found) > 3 else ("", "")  # noqa: PLR2004 - who, as whom
        return Actor(found[0], found[1], impersonator, found[2], hand=hand)

    def _header(self, name: str) -> Any:
        headers = getattr(self.request, "headers", None) or {}
        return headers.get(name, getattr(self.request, name, None))

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """Open one of a long task's short transactions."""
        with tenant_scope(self.tenant, actor=self.actor) as opened:
            yield opened


def tenant_task(*, name: str, long: bool = False, **options: Any) -> Callable[..., TenantTask]:
    """Declare a clinic's task. `long=True`: it opens short transactions itself by `self.scope()`."""
    return shared_task(
        name=name, base=TenantTask, long=long, bind=options.pop("bind", long), **options
    )


def active_clinics() -> list[Tenant]:
    """Answer the clinics that are open; the caller is outside every scope.

    Those whose tables are not yet those of this version are left out: their turn comes again. So are
    sandboxes, for most loops remind, send or fetch.
    """
    with public_scope():
        clinics = with_heads(Tenant.objects.filter(state=Tenant.State.ACTIVE, sandbox_of=None))
        return [clinic for clinic in clinics if not is_behind(clinic)]


def in_every_clinic(
    look: Callable[[Tenant], T], *, what: str, among: Sequence[Tenant] | None = None
) -> list[tuple[Tenant, T]]:
    """Call `look` in the scope of every open clinic, on its own clocks; answer what it found there.

    One clinic's trouble is logged as "`what` of such a clinic failed" and stops no other.
    """
    answers = []
    for tenant in active_clinics() if among is None else among:
        try:
            with timezone.override(ZoneInfo(tenant.time_zone)), tenant_scope(tenant):
                answers.append((tenant, look(tenant)))
        except Exception:
            log.exception("%s of %s failed", what, tenant.subdomain)
    return answers


@shared_task(name="tenants.run_job", acks_late=True)
def run_job(job_id: str) -> None:
    """Do a job of a clinic's life, or go on with it."""
    jobs.run(job_id)


@shared_task(name="tenants.keep_spares")
def keep_spares() -> None:
    """Build the empty clinics that the next owners get at once."""
    spares.keep()


@shared_task(name="tenants.resume_jobs")
def resume_jobs() -> None:
    """Hand jobs to the workers that nobody works at. Handed over twice, the second finds them taken."""
    for job_id in jobs.forgotten():
        run_job.delay(str(job_id))
