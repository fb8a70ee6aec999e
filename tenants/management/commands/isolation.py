"""`nexus isolation check [--json]`: read the catalogue, try the wall, report probes and leaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from tenants.isolation import check_isolation

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Check every table, policy, role and grant, and try to reach a neighbour's rows."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("check")
        check.add_argument("--json", action="store_true", help="print the report as JSON")
        check.add_argument("--tenant", action="append", default=[], help="only this subdomain")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        report = check_isolation(subdomains=options["tenant"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json()))
        else:
            self.stdout.write(
                f"{report.clinics} clinics, {report.tables} tables, {report.checks} checks, "
                f"{report.probes} probes, {len(report.leaks)} leaks, "
                f"{len(report.findings)} findings"
            )
            for line in [*report.leaks, *report.findings]:
                self.stdout.write(f"  {line}")
        if not report.ok:
            raise CommandError("The walls do not stand as they should.")
