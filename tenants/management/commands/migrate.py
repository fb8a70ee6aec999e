"""`nexus migrate`: the shared tables, then every clinic, in parallel; safe to stop and run again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.autodetector import MigrationAutodetector

from tenants.migrate import migrate_all

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Bring the shared tables and every clinic's schema to the newest migrations."
    requires_system_checks = ()
    autodetector = MigrationAutodetector  # Django checks that it is makemigrations' own

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", type=int, default=2, help="clinics at a time (default 2)")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        silent = options["json"]
        report = migrate_all(
            workers=options["workers"],
            say=(lambda _line: None) if silent else self.stdout.write,
        )
        if options["json"]:
            self.stdout.write(json.dumps(report.__dict__))
        else:
            self.stdout.write(
                f"{len(report.migrated)} clinics migrated, {report.current} were current, "
                f"{len(report.errors)} failed."
            )
        if report.errors:
            lines = "\n".join(f"  clinic {pk}: {text}" for pk, text in report.errors.items())
            raise CommandError(
                f"These clinics stay at their earlier state; mend the cause and run "
                f"`nexus migrate` again:\n{lines}"
            )
