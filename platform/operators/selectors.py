"""Questions across clinics, answered from the shared tables alone.

The operators' role has no way into a clinic's schema: what stands there is known by its figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils import timezone

from onboarding.backups import selectors as backups
from onboarding.subscription.offer import Limits
from operators import rules
from operators.models import ClinicHealth
from operators.rules import Finding
from tenants import rollout
from tenants.migrate import heads_digest
from tenants.models import Job, MigrationHead, Tenant
from ui.wording import ago, file_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from onboarding.backups.models import Backup, Drill, SelfCheck
    from onboarding.subscription.offer import Plan
    from tenants.rollout import ClinicState

PAGE = 50
SORTS = {
    "health": "Trouble first",
    "name": "Name",
    "users": "Most people",
    "storage": "Most stored",
    "activity": "Last active",
    "created": "Newest",
}
SHOWN = {
    "all": "All clinics",
    "trouble": "Trouble",
    "look": "To look at",
    "well": "Well",
    "closed": "Not open",
}
STOPPED_LATELY = timedelta(days=7)
"""A job that stopped longer ago worries nobody any more."""
GONE = (Tenant.State.DELETED,)


@dataclass(frozen=True)
class ClinicRow:
    """One clinic as the console shows it."""

    tenant: Tenant
    figures: Mapping[str, Any]
    looked_at: datetime | None
    is_looking: bool
    heads: str
    migration_error: str
    backup: Backup | None
    drill: Drill | None
    check: SelfCheck | None
    """The worst of the newest nightly looks."""
    findings: Sequence[Finding] = field(default_factory=tuple)

    @property
    def level(self) -> int:
        return rules.worst(self.findings)

    @property
    def tone(self) -> str:
        return rules.TONES[self.level]

    @property
    def words(self) -> str:
        return rules.WORDS[self.level]

    @property
    def is_migrated(self) -> bool:
        return self.heads == heads_digest()

    @property
    def users(self) -> int:
        return int(self.figures.get("users") or 0)

    @property
    def stored(self) -> int:
        """Bytes of files and tables."""
        return int(self.figures.get("files_bytes") or 0) + int(
            self.figures.get("tables_bytes") or 0
        )

    @property
    def active_at(self) -> datetime | None:
        return rules.moment(self.figures.get("last_activity"))

    @property
    def imported_at(self) -> datetime | None:
        return rules.moment(self.figures.get("last_import"))

    @property
    def queue_since(self) -> datetime | None:
        return rules.moment(self.figures.get("queue_since"))

    @property
    def unsealed_since(self) -> datetime | None:
        return rules.moment(self.figures.get("unsealed_since"))

    @property
    def sealed_at(self) -> datetime | None:
        return rules.moment(self.figures.get("sealed_at"))

    @property
    def error_percent(self) -> str:
        rate = rules.error_rate(self.figures)
        return "" if rate is None else f"{rate:.1%}" if 0 < rate < 0.1 else f"{rate:.0%}"  # noqa: PLR2004

    @property
    def invited_words(self) -> str:
        invited = int(self.figures.get("invited") or 0)
        return f"{invited} invited" if invited else ""

    @property
    def stored_words(self) -> str:
        files = file_size(int(self.figures.get("files_bytes") or 0))
        return f"{files} of files"

    @property
    def queue_words(self) -> str:
        return f"oldest {ago(self.queue_since)}" if self.queue_since else ""

    @property
    def queue_tone(self) -> str:
        return "warning" if self.queue_since else "neutral"

    @property
    def seal_words(self) -> str:
        return f"oldest {ago(self.unsealed_since)}" if self.unsealed_since else ""

    @property
    def imports(self) -> tuple[rules.ImportState, ...]:
        return rules.imports_of(self.figures, looked_at=self.looked_at)


@dataclass(frozen=True)
class Overview:
    """One page of the clinics, and how many there are of each kind."""

    rows: Sequence[ClinicRow]
    counts: Mapping[str, int]
    found: int
    page: int
    pages: int

    @property
    def previous(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def following(self) -> int | None:
        return self.page + 1 if self.page < self.pages else None


def overview(
    *, search: str = "", sort: str = "health", show: str = "all", page: int = 1
) -> Overview:
    """Answer the clinics that contain `search` in name or address; seven questions, however many."""
    rows = clinic_rows()
    if search:
        folded = search.casefold()
        rows = [
            row
            for row in rows
            if folded in row.tenant.name.casefold() or folded in row.tenant.subdomain
        ]
    counts = {name: sum(_is_shown(row, name) for row in rows) for name in SHOWN}
    rows = _sorted([row for row in rows if _is_shown(row, show)], sort)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, page), pages)
    return Overview(rows[(page - 1) * PAGE : page * PAGE], counts, len(rows), page, pages)


def clinic_rows(tenants: Iterable[Tenant] | None = None) -> list[ClinicRow]:
    """Answer the clinics with all that is known of them, those that are gone left out."""
    if tenants is None:
        tenants = Tenant.objects.exclude(state__in=GONE)
    health = {one.tenant_id: one for one in ClinicHealth.objects.all()}
    heads = {one.tenant_id: one for one in MigrationHead.objects.all()}
    stopped = dict(
        Job.objects.filter(
            state=Job.State.FAILED,
            tenant__isnull=False,
            finished_at__gt=timezone.now() - STOPPED_LATELY,
        )
        .values_list("tenant_id")
        .annotate(Count("pk"))
    )
    kept, drills = backups.last_backups(), backups.last_drills()
    checks = backups.selfcheck_by_clinic()
    now = timezone.now()
    return [
        _row(
            tenant,
            health.get(tenant.pk) or ClinicHealth(tenant=tenant),
            _Known(
                head=heads.get(tenant.pk),
                stopped=stopped.get(tenant.pk, 0),
                backup=kept.get(tenant.pk),
                drill=drills.get(tenant.pk),
                check=checks.get(tenant.pk),
            ),
            now=now,
        )
        for tenant in tenants
    ]


@dataclass(frozen=True)
class _Known:
    """What the shared tables know of one clinic besides its figures."""

    head: MigrationHead | None
    stopped: int
    backup: Backup | None
    drill: Drill | None
    check: SelfCheck | None


def _row(tenant: Tenant, health: ClinicHealth, known: _Known, *, now: datetime) -> ClinicRow:
    findings: list[Finding] = []
    if tenant.state not in {Tenant.State.CREATING, Tenant.State.DELETING}:
        findings += rules.judge_looking(looked_at=health.looked_at, problem=health.problem, now=now)
        findings += rules.judge_figures(health.figures, looked_at=health.looked_at)
        findings += rules.judge_backup(
            backed_up_at=known.backup.as_of if known.backup else None,
            born_at=tenant.created_at,
            now=now,
        )
        findings += _judge_rest(known.head, known.stopped, known.check)
    return ClinicRow(
        tenant=tenant,
        figures=health.figures,
        looked_at=health.looked_at,
        is_looking=health.wanted_at is not None,
        heads=known.head.heads if known.head else "",
        migration_error=known.head.error if known.head else "",
        backup=known.backup,
        drill=known.drill,
        check=known.check,
        findings=sorted(findings, key=lambda finding: -finding.level),
    )


def _judge_rest(
    head: MigrationHead | None, stopped: int, check: SelfCheck | None
) -> Iterable[Finding]:
    if head is not None and head.error:
        yield Finding(rules.RED, "Its migration failed")
    elif head is None or head.heads != heads_digest():
        yield Finding(rules.AMBER, "Waits for its migration")
    if stopped:
        yield Finding(rules.AMBER, f"{stopped} job{'s have' if stopped > 1 else ' has'} stopped")
    if check is not None and check.result != check.Result.GREEN:
        level = rules.RED if check.result == check.Result.RED else rules.AMBER
        yield Finding(level, check.words)


def _is_shown(row: ClinicRow, show: str) -> bool:
    if show == "closed":
        return bool(row.tenant.state != Tenant.State.ACTIVE)
    wanted = {"trouble": rules.RED, "look": rules.AMBER, "well": rules.GREEN}.get(show)
    return wanted is None or row.level == wanted


def _sorted(rows: list[ClinicRow], sort: str) -> list[ClinicRow]:
    rows.sort(key=lambda row: row.tenant.name.casefold())
    if sort == "users":
        rows.sort(key=lambda row: -row.users)
    elif sort == "storage":
        rows.sort(key=lambda row: -row.stored)
    elif sort == "activity":
        rows.sort(key=lambda row: -(row.active_at.timestamp() if row.active_at else 0))
    elif sort == "created":
        rows.sort(key=lambda row: -row.tenant.created_at.timestamp())
    elif sort == "health":
        rows.sort(key=lambda row: -row.level)
    return rows


def clinic_row(tenant_id: int) -> ClinicRow:
    """Answer one clinic, those that are gone too; raises Tenant.DoesNotExist."""
    return clinic_rows([Tenant.objects.get(pk=tenant_id)])[0]


@dataclass(frozen=True)
class ImportRow:
    """One import run of one clinic."""

    tenant: Tenant
    run: rules.ImportState
    looked_at: datetime | None


def import_rows(*, only: str = "") -> list[ImportRow]:
    """Answer the newest runs of all clinics: stuck ones first, then those at work, then by age.

    `only` is `stuck`, `working` or `failed`.
    """
    kept = ClinicHealth.objects.select_related("tenant").exclude(tenant__state__in=GONE)
    rows = [
        ImportRow(health.tenant, run, health.looked_at)
        for health in kept
        for run in rules.imports_of(health.figures, looked_at=health.looked_at)
    ]
    wanted = {
        "stuck": lambda run: run.is_stuck,
        "working": lambda run: run.is_working,
        "failed": lambda run: run.state == "failed",
    }.get(only)
    rows = [row for row in rows if wanted is None or wanted(row.run)]
    rows.sort(key=lambda row: -(row.run.created_at.timestamp() if row.run.created_at else 0))
    rows.sort(key=lambda row: (not row.run.is_stuck, not row.run.is_working))
    return rows


@dataclass(frozen=True)
class MigrationState:
    """How far all clinics' schemas are, as the run over all clinics sees it."""

    counts: Mapping[str, int]
    open: Sequence[ClinicState]
    """Those that failed, then those that wait."""
    newest: str
    last_at: datetime | None


def migration_state() -> MigrationState:
    states = rollout.clinic_states()
    words = ("current", "behind", "failed", "newer")
    return MigrationState(
        counts={word: sum(one.state == word for one in states) for word in words},
        open=sorted(
            (one for one in states if one.state in {"failed", "behind"}),
            key=lambda one: (one.state != "failed", one.subdomain),
        ),
        newest=heads_digest(),
        last_at=max((one.migrated_at for one in states if one.migrated_at), default=None),
    )


def job_counts() -> Mapping[str, int]:
    """Answer how many jobs are in each state, for the filter above the list."""
    counted = Job.objects.aggregate(
        **{state: Count("pk", filter=Q(state=state)) for state in Job.State.values}
    )
    return {state: counted[state] for state in Job.State.values}


@dataclass(frozen=True)
class Usage:
    """One thing a plan counts."""

    label: str
    used: int
    limit: int | None
    is_bytes: bool = False

    @property
    def percent(self) -> int | None:
        return min(999, round(100 * self.used / self.limit)) if self.limit else None

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.used > self.limit


def usage_of(row: ClinicRow, plan: Plan | None) -> list[Usage]:
    """Answer what the clinic uses against what its plan holds."""
    limits = plan.limits if plan else Limits(None, None, None)
    figures = row.figures
    return [
        Usage("Clinicians", int(figures.get("clinicians") or 0), limits.clinicians),
        Usage("Locations", int(figures.get("locations") or 0), limits.locations),
        Usage("Stored", row.stored, limits.storage, is_bytes=True),
    ]
