"""`nexus backup`: write, list, verify, open and restore backups; drill, self-check and proof of recovery."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyrage
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from onboarding.backups import recovery, selectors, services
from onboarding.backups.archive import members_of
from onboarding.backups.errors import BackupError
from onboarding.backups.models import Backup
from onboarding.backups.places import place
from onboarding.backups.sealing import identities_in, opened
from tenants import jobs
from tenants.models import Job, Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser

OWNER = "owner"
PATIENCE = 0.5


class Command(BaseCommand):
    help = "Back up the platform or a clinic, and prove that it can be restored."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--platform", action="store_true", help="back the whole platform up")
        parser.add_argument("--tenant", metavar="SUBDOMAIN", help="back one clinic up")
        parser.add_argument("--no-files", action="store_true", help="rows only")
        parser.add_argument(
            "--method", choices=["pg_dump", "copy"], default="", help="platform only"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        verbs = parser.add_subparsers(dest="verb")
        listing = verbs.add_parser("list", help="list the backups, newest first")
        listing.add_argument("--of", metavar="SUBDOMAIN", help="of one clinic")
        verify = verbs.add_parser("verify", help="read one back and compare it with its row")
        verify.add_argument("id")
        verify.add_argument("--identity", type=Path, metavar="KEYFILE", help="age private keys")
        opening = verbs.add_parser(
            "open", help="decrypt a file: unpack it, or write its tar or SQL"
        )
        opening.add_argument("file", help="a path, or a name in the store of the backups")
        opening.add_argument("--identity", type=Path, metavar="KEYFILE", help="age private keys")
        how = opening.add_mutually_exclusive_group(required=True)
        how.add_argument("--to", type=Path, metavar="FOLDER", help="unpack into a new folder")
        how.add_argument("--sql", action="store_true", help="the database's SQL to standard output")
        how.add_argument("--check", action="store_true", help="read it all, write nothing")
        drill = verbs.add_parser("drill", help="restore a clinic beside itself, compare, drop")
        drill.add_argument("--of", metavar="SUBDOMAIN", help="instead of one drawn by lot")
        verbs.add_parser("selfcheck", help="look at everything now, as every night")
        verbs.add_parser("tidy", help="delete what the policy lets go of")
        verbs.add_parser("keygen", help="make a pair of age keys; keep the private one elsewhere")
        prove = verbs.add_parser(
            "prove", help="prove point-in-time recovery on a throw-away server"
        )
        prove.add_argument("--rows", type=int, default=100_000)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            answer = getattr(self, f"_{options['verb'] or 'write'}")(options)
        except (BackupError, jobs.JobError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer, default=str))
        if isinstance(answer, dict) and answer.get("ok") is False:
            raise SystemExit(1)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def _write(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["platform"] == bool(options["tenant"]):
            raise CommandError("Name what to back up: --platform, or --tenant SUBDOMAIN.")
        tenant = _find(options["tenant"]) if options["tenant"] else None
        result = _done(
            "backup", tenant, with_files=not options["no_files"], method=options["method"]
        )
        self._say(
            options,
            "{name}: {tables} tables, {rows} rows, {files} files, {size} bytes in {seconds} s, "
            "read back and the same.".format(**result),
        )
        return result

    def _drill(self, options: dict[str, Any]) -> dict[str, Any]:
        result = _done("drill", _find(options["of"]) if options["of"] else None)
        self._say(options, "{clinic}: {words}".format(**result))
        return {**result, "ok": result["green"]}

    def _selfcheck(self, options: dict[str, Any]) -> dict[str, Any]:
        result = _done("selfcheck", None)
        with public_scope(using=OWNER):
            for one in selectors.latest_selfchecks():
                whose = one.tenant.subdomain if one.tenant else "platform"
                self._say(options, f"{one.result:<6} {whose:<24} {one.check_name:<12} {one.words}")
        return {**result, "ok": result["red"] == 0}

    def _tidy(self, options: dict[str, Any]) -> dict[str, Any]:
        deleted = services.tidy_all()
        self._say(options, f"{deleted} backups deleted.")
        return {"deleted": deleted}

    # ── looking ──────────────────────────────────────────────────────────────────────────────────

    def _list(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        with public_scope(using=OWNER):
            rows = Backup.objects.filter(within=None).order_by("-began_at")
            if options["of"]:
                rows = Backup.objects.filter(subdomain=options["of"]).order_by("-began_at")
            found = list(rows[:200])
        for row in found:
            good = {True: "verified", False: "DAMAGED", None: "unread"}[row.is_verified]
            self._say(
                options,
                f"{row.pk.hex[-12:]}  {row.began_at:%Y-%m-%d %H:%M}  {row.subdomain or 'platform':<20} "
                f"{row.state:<8} {good:<9} {row.size:>14}  {row.counts.get('rows', '')} rows  "
                f"{row.problem}".rstrip(),
            )
        return [
            {
                "id": str(row.pk), "what": row.subdomain or "platform", "at": row.began_at,
                "as_of": row.as_of, "state": row.state, "verified": row.is_verified,
                "size": row.size, "sha256": row.sha256, "counts": row.counts, "place": row.place,
                "name": row.name, "sealed_for": row.sealed_for, "left_out": row.left_out,
                "seconds": row.seconds, "problem": row.problem,
            }
            for row in found
        ]  # fmt: skip

    def _verify(self, options: dict[str, Any]) -> dict[str, Any]:
        backup = services.backup_named(options["id"])
        found = services.verify_backup(backup, identities=_identities(options))
        how = "opened and read to the end" if found["opened"] else "its bytes are the same"
        self._say(options, f"{backup.name}: {how}.")
        return found

    def _open(self, options: dict[str, Any]) -> dict[str, Any]:
        path = Path(options["file"])
        source: IO[bytes] = path.open("rb") if path.is_file() else place().open(options["file"])
        with source, opened(source, identities=_identities(options)) as inside:
            if options["check"]:
                found = services.read_through(inside)
            elif options["sql"]:
                found = {"bytes": _write_sql(inside, sys.stdout.buffer)}
            else:
                found = {"files": _unpack(inside, options["to"])}
        if not options["sql"]:
            self._say(options, f"Read to the end: {found}")
        return found

    def _keygen(self, options: dict[str, Any]) -> dict[str, Any]:
        identity = pyrage.x25519.Identity.generate()
        public = str(identity.to_public())
        self._say(
            options,
            f"# created: {timezone.now():%Y-%m-%dT%H:%M:%SZ}\n# public key: {public}\n{identity}",
        )
        self.stderr.write(
            f"NEXUS_BACKUP_RECIPIENTS={public}\n"
            "Keep the private key (AGE-SECRET-KEY-1…) in two places that are not this server."
        )
        return {"public": public, "private": str(identity)}

    def _prove(self, options: dict[str, Any]) -> dict[str, Any]:
        proof = recovery.prove(rows=options["rows"], say=lambda line: self._say(options, line))
        return proof.as_json()

    def _say(self, options: dict[str, Any], line: str) -> None:
        if not options["json"]:
            self.stdout.write(line)


def _done(kind: str, tenant: Tenant | None, **params: Any) -> dict[str, Any]:
    """Ask for a job, do it here, or wait for the worker that was faster; answers its result."""
    with public_scope(using=OWNER):
        job = jobs.ask(kind, tenant, asked_by="command line", asked_from="command", **params)
    done = jobs.run(job.pk)
    while done is None or done.is_open:
        time.sleep(PATIENCE)
        with public_scope(using=OWNER):
            done = Job.objects.get(pk=job.pk)
    if done.state != Job.State.DONE:
        raise BackupError(done.problem or "It was cancelled.")
    return {"job": str(done.pk), **done.result}


def _find(subdomain: str) -> Tenant:
    with public_scope(using=OWNER):
        tenant: Tenant | None = Tenant.objects.filter(subdomain=subdomain).first()
    if tenant is None:
        raise CommandError(f"There is no clinic “{subdomain}”; `nexus tenants list` shows them.")
    return tenant


def _identities(options: dict[str, Any]) -> list[pyrage.x25519.Identity]:
    if not options["identity"]:
        return []
    try:
        return identities_in(options["identity"].read_text())
    except OSError as error:
        raise CommandError(f"The key file cannot be read: {error.strerror}.") from error


def _unpack(inside: Any, folder: Path) -> int:
    """Unpack into a folder that is not there yet; a name can never leave it."""
    folder.mkdir(mode=0o700, parents=True)
    root, count = folder.resolve(), 0
    for name, content in members_of(inside):
        target = (root / name).resolve()
        if root not in target.parents:
            raise BackupError(f"The backup holds a name that leads elsewhere: {name!r}.")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with target.open("wb") as file:
            while block := content.read(1 << 20):
                file.write(block)
        count += 1
    return count


def _write_sql(inside: Any, out: IO[bytes]) -> int:
    size = 0
    for name, content in members_of(inside):
        if name.startswith("platform/database.sql/"):
            while block := content.read(1 << 20):
                out.write(block)
                size += len(block)
    out.flush()
    if not size:
        raise BackupError("This backup holds tables, not SQL: use --to and see docs/operations.md.")
    return size
