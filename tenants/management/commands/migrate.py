"""`nexus migrate`: the shared tables, then every clinic, in parallel; safe to stop and run again.

`--status` says how far each clinic is. `--job`, `--pause` and `--resume` leave the work to the workers.
"""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.autodetector import MigrationAutodetector

from tenants import rollout
from tenants.jobs import JobError
from tenants.migrate import OWNER, migrate_all
from tenants.scope import public_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Bring the shared tables and every clinic's schema to the newest migrations."
    requires_system_checks = ()
    autodetector = MigrationAutodetector  # Django checks that it is makemigrations' own

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", type=int, default=2, help="clinics at a time (default 2)")
        parser.add_argument(
            "--stop-after",
            type=int,
            default=rollout.STOP_AFTER,
            help=f"begin no other clinic after so many failures (default {rollout.STOP_AFTER}); 0: never",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--status", action="store_true", help="say how far each clinic is")
        instead.add_argument("--job", action="store_true", help="ask the workers to do it")
        instead.add_argument("--pause", action="store_true", help="pause the workers' run")
        instead.add_argument("--resume", action="store_true", help="let the workers' run go on")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        if options["status"]:
            self._status(as_json=options["json"])
        elif options["job"] or options["pause"] or options["resume"]:
            self._job(options)
        else:
            self._migrate(options)

    def _migrate(self, options: dict[str, Any]) -> None:
        silent = options["json"]
        report = migrate_all(
            workers=options["workers"],
            stop_after=options["stop_after"],
            say=(lambda _line: None) if silent else self.stdout.write,
        )
        if silent:
            self.stdout.write(json.dumps(report.__dict__))
        else:
            self.stdout.write(
                f"{len(report.migrated)} clinics migrated, {report.current} were current, "
                f"{len(report.errors)} failed."
            )
        if report.errors:
            lines = "\n".join(f"  clinic {pk}: {text}" for pk, text in report.errors.items())
            left = f"{report.left} others were not begun. " if report.left else ""
            raise CommandError(
                f"These clinics stay at their earlier state; {left}Mend the cause and run "
                f"`nexus migrate` again:\n{lines}"
            )

    def _status(self, *, as_json: bool) -> None:
        with public_scope(using=OWNER):
            found = rollout.summary()
        if as_json:
            self.stdout.write(json.dumps(found))
        else:
            for clinic in found["states"]:
                if clinic["state"] != "current":
                    line = f"{clinic['subdomain']}: {clinic['state']} {clinic['error']}"
                    self.stdout.write(line.rstrip())
            self.stdout.write(
                f"{found['clinics']} clinics: {found['current']} current, {found['behind']} behind, "
                f"{found['failed']} failed, {found['newer']} newer than this version."
            )
        if not found["ok"]:
            raise CommandError("Not every clinic is at the newest migrations: run `nexus migrate`.")

    def _job(self, options: dict[str, Any]) -> None:
        try:
            with public_scope(using=OWNER):
                if options["job"]:
                    job = rollout.ask_for_run(
                        asked_by=_person(),
                        asked_from="command",
                        workers=options["workers"],
                        stop_after=options["stop_after"],
                    )
                else:
                    job = rollout.pause_run() if options["pause"] else rollout.resume_run()
        except JobError as error:
            raise CommandError(str(error)) from None
        as_json = json.dumps({"job": str(job.pk), "state": job.state})
        self.stdout.write(
            as_json if options["json"] else f"Job {job.pk}: {job.get_state_display()}"
        )


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "command line"
