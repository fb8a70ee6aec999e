"""What the nightly self-check looks at: each look answers a result, words and figures."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from audit import checks as audit_checks
from audit import trails
from clinical.documents import selectors as documents
from connections.models import Connection
from onboarding.backups import selectors
from onboarding.backups.models import SelfCheck
from onboarding.backups.places import place
from tenants import jobs
from tenants.isolation import IsolationReport, check_isolation
from tenants.migrate import heads_digest
from tenants.models import Job, MigrationHead
from tenants.scope import public_scope, tenant_scope
from tenants.storage import StorageUnavailableError, clinic_storage, platform_storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.trails import Trail
    from tenants.models import Tenant

OWNER = "owner"
NOBODYS = "-"
"""No clinic's address: with it only what belongs to no clinic is checked."""
Result = SelfCheck.Result
GREEN, AMBER, RED = Result.GREEN, Result.AMBER, Result.RED

BACKUP_STALE = timedelta(hours=30)
DRILL_STALE = timedelta(hours=54)
NEW_CLINIC = timedelta(hours=30)
EXPIRES_SOON = timedelta(days=3)
CERTIFICATE_RED, CERTIFICATE_AMBER = timedelta(days=7), timedelta(days=21)
QUEUE_RED, QUEUE_AMBER = timedelta(minutes=15), timedelta(minutes=3)
ROOM_RED, ROOM_AMBER = 0.05, 0.15
MOST_ORPHANS = 1000
HTTPS = 443


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    result: str
    words: str
    figures: dict[str, Any] = field(default_factory=dict)


# ── one clinic ───────────────────────────────────────────────────────────────────────────────────


def isolation_of(tenant: Tenant) -> Seen:
    """Read the clinic's walls from the catalogue, and try them: see `tenants.isolation`."""
    if tenant.cluster:
        return Seen(AMBER, "Its tables stand in another database, whose walls are not tried here.")
    report = check_isolation(subdomains=[tenant.subdomain])
    own = re.compile(rf"\b{tenant.schema_name}\b|^{re.escape(tenant.subdomain)}\b")
    return _isolation(report, [words for words in report.findings if own.search(words)])


def audit_of(tenant: Tenant) -> Seen:
    """Compute every hash of the clinic's trail anew, against what was anchored outside."""
    return _audit(trails.trail_of(tenant))


def files_of(tenant: Tenant) -> Seen:
    """Compare documents with the storage, both ways."""
    try:
        with tenant_scope(tenant):
            missing = sum(1 for _ in documents.missing_files())
            orphans = sum(1 for _ in islice(documents.orphans(), MOST_ORPHANS))
            own = clinic_storage() is not platform_storage()
    except StorageUnavailableError as error:
        return Seen(RED, f"The storage does not answer: {error}")
    figures = {"missing": missing, "orphans": orphans, "own_bucket": own}
    where = " The files lie in the clinic's own bucket, which is in none of our backups." * own
    if missing:
        return Seen(RED, f"{missing} stored files are gone or not whole.{where}", figures)
    if orphans >= MOST_ORPHANS:
        return Seen(AMBER, f"{orphans} or more files belong to no document.{where}", figures)
    return Seen(GREEN, f"Every document has its file; {orphans} files have none.{where}", figures)


def connections_of(tenant: Tenant) -> Seen:
    """Count the clinic's connections to vendors: broken ones, and those whose access ends soon."""
    soon = timezone.now() + EXPIRES_SOON
    with tenant_scope(tenant):
        found = Connection.objects.aggregate(
            live=Count("pk", filter=Q(state=Connection.State.LIVE)),
            broken=Count("pk", filter=Q(state=Connection.State.BROKEN)),
            ending=Count(
                "pk", filter=Q(state=Connection.State.LIVE, expires_at__lt=soon, problem__gt="")
            ),
        )
    if found["broken"] or found["ending"]:
        words = (
            f"{found['broken']} connections are broken, {found['ending']} end within three days."
        )
        return Seen(AMBER, f"{words} The clinic's owners have been told.", found)
    return Seen(GREEN, f"{found['live']} connections work.", found)


def migrations_of(tenant: Tenant) -> Seen:
    """Compare the clinic's tables with what this version of the code wants."""
    with public_scope(using=OWNER):
        head = MigrationHead.objects.filter(tenant_id=tenant.pk).first()
    if head is None or head.heads != heads_digest():
        words = "Its tables are not at the newest migrations"
        if head is not None and head.error:
            return Seen(RED, f"{words}, and the last try failed. Run `nexus migrate`.")
        return Seen(AMBER, f"{words}. Run `nexus migrate`.")
    return Seen(GREEN, "Its tables are at the newest migrations.")


def backup_of(tenant: Tenant) -> Seen:
    """Say how old the newest good backup is that holds the clinic."""
    with public_scope(using=OWNER):
        found = selectors.last_backups().get(tenant.pk)
    if found is None and timezone.now() - tenant.created_at < NEW_CLINIC:
        return Seen(GREEN, "The clinic is new: its first backup comes tonight.")
    return _backup(found.as_of if found else None)


CLINIC_LOOKS: dict[str, Callable[[Tenant], Seen]] = {
    "isolation": isolation_of,
    "audit": audit_of,
    "files": files_of,
    "connections": connections_of,
    "migrations": migrations_of,
    "backup": backup_of,
}

# ── the platform ─────────────────────────────────────────────────────────────────────────────────


def walls_of_platform() -> Seen:
    """Check the roles, the shared tables and that no schema stands there without a clinic."""
    report = check_isolation(subdomains=[NOBODYS])
    return _isolation(report, report.findings)


def audit_of_platform() -> Seen:
    return _audit(trails.platform_trail())


def backup_of_platform() -> Seen:
    with public_scope(using=OWNER):
        found = selectors.last_backups().get(None)
    return _backup(found.as_of if found else None)


def drill_of_platform() -> Seen:
    """Say how the last restore drill went and how old it is."""
    with public_scope(using=OWNER):
        last = selectors.last_drill()
    if last is None:
        return Seen(AMBER, "No restore has been rehearsed yet.")
    if not last.is_green:
        return Seen(RED, f"The last drill, with {last.subdomain}, was red: {last.words}"[:500])
    if timezone.now() - last.at > DRILL_STALE:
        return Seen(AMBER, f"No restore has been rehearsed since {last.at:%d %b %Y %H:%M} UTC.")
    return Seen(GREEN, f"The last drill, with {last.subdomain}, was green.", last.figures)


def certificate_of_platform() -> Seen:
    """Say when the certificate of the base domain ends; only where TLS is in front."""
    if not settings.SECURE:
        return Seen(GREEN, "No TLS here: NEXUS_SECURE is off.")
    return certificate_at(settings.BASE_DOMAIN, HTTPS)


def certificate_at(host: str, port: int, *, trust: str | None = None) -> Seen:
    """Ask a server for its certificate as a browser would; `trust` is a file of roots for tests."""
    context = ssl.create_default_context(cafile=trust)
    try:
        with (
            socket.create_connection((host, port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname=host) as secured,
        ):
            ends = str((secured.getpeercert() or {}).get("notAfter", ""))
    except ssl.SSLCertVerificationError as error:
        return Seen(RED, f"The certificate of {host} is refused: {error.verify_message}.")
    except OSError as error:
        return Seen(AMBER, f"The certificate of {host} cannot be read ({type(error).__name__}).")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), tz=UTC)
    left = until - timezone.now()
    words = f"The certificate of {host} ends on {until:%d %b %Y}, in {left.days} days."
    result = RED if left < CERTIFICATE_RED else AMBER if left < CERTIFICATE_AMBER else GREEN
    return Seen(result, words, {"days": left.days})


def migrations_of_platform() -> Seen:
    """Count the clinics that are behind the code."""
    with public_scope(using=OWNER):
        behind = MigrationHead.objects.exclude(heads=heads_digest()).count()
        failed = MigrationHead.objects.exclude(error="").count()
    figures = {"behind": behind, "failed": failed}
    if failed:
        return Seen(RED, f"The migration of {failed} clinics failed. Run `nexus migrate`.", figures)
    if behind:
        return Seen(AMBER, f"{behind} clinics are behind. Run `nexus migrate`.", figures)
    return Seen(GREEN, "All clinics are at the newest migrations.", figures)


def disk_of_platform() -> Seen:
    """Say how much room is left where we write."""
    folders = {"data": Path(settings.VAR), "work": Path(settings.WORK_DIR)}
    address = place().address
    if address.startswith("file://"):
        folders["backups"] = Path(address.removeprefix("file://"))
    shares = {}
    for what, folder in folders.items():
        standing = next(path for path in (folder, *folder.parents) if path.exists())
        usage = shutil.disk_usage(standing)
        shares[what] = round(usage.free / usage.total, 3)
    least, share = min(shares.items(), key=lambda pair: pair[1])
    result = RED if share < ROOM_RED else AMBER if share < ROOM_AMBER else GREEN
    return Seen(result, f"{share:.0%} of the disk with the {least} is free.", shares)


def queue_of_platform() -> Seen:
    """Say how long work has been waiting: jobs that nobody works at, and messages to the workers."""
    now = timezone.now()
    with public_scope(using=OWNER):
        due = Job.objects.filter(state=Job.State.QUEUED).filter(
            Q(not_before=None) | Q(not_before__lte=now)
        )
        oldest = due.order_by("created_at").values_list("created_at", flat=True).first()
    lag = now - oldest if oldest else timedelta(0)
    figures = {
        "lag_seconds": round(lag.total_seconds()),
        "forgotten": len(jobs.forgotten()),
        "messages": _messages(),
    }
    result = RED if lag > QUEUE_RED else AMBER if lag > QUEUE_AMBER else GREEN
    return Seen(result, f"The oldest waiting job waits for {figures['lag_seconds']} s.", figures)


def _messages() -> int | None:
    """Count the messages that wait for a worker; None where the broker does not say."""
    try:
        with current_app.connection_for_read() as connection:
            channel: Any = connection.default_channel
            return int(channel.client.llen("celery"))
    except Exception:  # noqa: BLE001 - the count is a figure beside the look, not the look
        return None


PLATFORM_LOOKS: dict[str, Callable[[], Seen]] = {
    "walls": walls_of_platform,
    "audit": audit_of_platform,
    "backup": backup_of_platform,
    "drill": drill_of_platform,
    "certificate": certificate_of_platform,
    "migrations": migrations_of_platform,
    "disk": disk_of_platform,
    "queue": queue_of_platform,
}


def _isolation(report: IsolationReport, findings: list[str]) -> Seen:
    wrong = [*report.leaks, *findings]
    figures = {
        "tables": report.tables, "checks": report.checks, "probes": report.probes,
        "leaks": len(report.leaks), "findings": len(wrong) - len(report.leaks),
    }  # fmt: skip
    if wrong:
        return Seen(RED, f"{len(wrong)} holes in the walls: {'; '.join(wrong)}"[:500], figures)
    return Seen(GREEN, f"Every wall stands: {report.probes} tries, nothing came through.", figures)


def _audit(trail: Trail) -> Seen:
    verdict = audit_checks.check_trail(trail)
    figures = {
        "seals": verdict.seals, "events": verdict.events, "unsealed": verdict.unsealed,
        "anchors": verdict.anchors, "findings": verdict.counts.total(),
    }  # fmt: skip
    if not verdict.ok:
        kinds = ", ".join(f"{name} {count}" for name, count in verdict.counts.items())
        return Seen(RED, f"The record is not as it was written: {kinds}."[:500], figures)
    if verdict.seals and not verdict.anchors:
        return Seen(AMBER, "The record is whole, but nothing outside anchors its end.", figures)
    return Seen(GREEN, f"The record is whole: {verdict.events} sealed events.", figures)


def _backup(as_of: datetime | None) -> Seen:
    if as_of is None:
        return Seen(RED, "There is no good backup.")
    age = timezone.now() - as_of
    hours = round(age.total_seconds() / 3600, 1)
    words = f"The newest good backup shows {as_of:%d %b %Y %H:%M} UTC, {hours} hours ago."
    return Seen(RED if age > BACKUP_STALE else GREEN, words, {"hours": hours})
