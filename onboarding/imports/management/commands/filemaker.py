"""`nexus filemaker inspect FILE` and `nexus filemaker import FILE --tenant SUBDOMAIN`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.filemaker.exports.detect import kind_of
from onboarding.filemaker.exports.inspect import inspect_export
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.inspect import inspect_file
from onboarding.imports.mapping import MappingError
from onboarding.imports.models import ImportRun
from onboarding.imports.reports import as_text
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.services import import_file
from tenants.models import Tenant
from tenants.scope import Actor, public_scope
from ui.uploads import UploadError

if TYPE_CHECKING:
    from argparse import ArgumentParser

COMMAND_LINE = Actor(label="command line")


class Command(BaseCommand):
    help = "Look into a FileMaker file, or import it into a clinic."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        inspect = steps.add_parser("inspect", help="what is in a .fmp12 or .fp7 file or an export")
        load = steps.add_parser("import", help="import a file into a clinic")
        for step in (inspect, load):
            step.add_argument("file", type=Path)
            step.add_argument("--json", action="store_true", help="for programs")
        load.add_argument("--tenant", required=True, metavar="SUBDOMAIN")
        load.add_argument("--dry-run", action="store_true", help="do all of it, keep nothing")
        load.add_argument(
            "--mapping", type=Path, help="a mapping as JSON instead of the last or suggested one"
        )

        load.add_argument(
            "--replace",
            action="store_true",
            help="a full re-import: load everything anew in place of what this file had brought",
        )
        load.add_argument(
            "--remove-by-hand",
            action="store_true",
            help="with --replace: also remove what was made in Nexus and not by the file",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            if options["step"] == "inspect":
                self._inspect(options)
            else:
                self._import(options)
        except FileMakerFileError as error:
            self._refuse(error.as_json(), f"{error.message} {error.remedy}", options)
        except OSError as error:
            message = f"{options['file']}: {error.strerror}."
            self._refuse({"code": "not-readable", "message": message}, message, options)
        except (ImportRefusedError, MappingError, UploadError) as error:
            code = {"code": type(error).__name__, "message": str(error)}
            self._refuse(code, str(error), options)

    def _inspect(self, options: dict[str, Any]) -> None:
        path = options["file"]
        is_database = kind_of(path) == "database"
        found = inspect_file(path) if is_database else inspect_export(path)
        if options["json"]:
            self._print(found)
            return
        for table in found["tables"]:
            self.stdout.write(
                f"{table['name']}: {table['records']:,} records, {len(table['fields'])} fields"
            )
        for warning in found["warnings"]:
            self.stdout.write(f"  {warning['message']}")

    def _import(self, options: dict[str, Any]) -> None:
        with public_scope():
            tenant = Tenant.objects.filter(subdomain=options["tenant"]).first()
        if tenant is None or tenant.state != Tenant.State.ACTIVE:
            raise CommandError(
                f"There is no open clinic at “{options['tenant']}”. “nexus tenants list” shows all."
            )
        if options["remove_by_hand"] and not options["replace"]:
            raise CommandError("--remove-by-hand goes with --replace only.")
        mapping = None
        if options["mapping"]:
            try:
                mapping = json.loads(options["mapping"].read_text(encoding="utf-8"))
            except ValueError as error:
                raise CommandError(f"{options['mapping']} is not JSON: {error}.") from error
        report = import_file(
            tenant, options["file"], actor=COMMAND_LINE, dry_run=options["dry_run"],
            mapping=mapping, live=True,
            mode=ImportRun.Mode.REPLACE if options["replace"] else ImportRun.Mode.UPDATE,
            by_hand=ImportRun.ByHand.REMOVE if options["remove_by_hand"] else ImportRun.ByHand.KEEP,
        )  # fmt: skip
        if options["json"]:
            self._print(report)
        else:
            self.stdout.write(as_text(report))
        if not report["holds"]:
            sys.exit(1)

    def _refuse(self, error: dict[str, Any], words: str, options: dict[str, Any]) -> None:
        if options["json"]:
            self._print({"error": error})
        else:
            self.stderr.write(words)
        sys.exit(1)

    def _print(self, answer: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(answer, ensure_ascii=False, default=str))
