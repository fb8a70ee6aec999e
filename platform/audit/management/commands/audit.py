"""`nexus audit verify|seal|anchor`: check, seal and anchor the trail of a clinic or of all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from audit import anchors, services, trails
from audit.verification import verify
from tenants.models import Tenant

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from audit.trails import Trail
    from audit.verification import Verdict


class Command(BaseCommand):
    help = "Check, seal and anchor the audit trail. Exit status 0 only when all is well."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, what in (
            ("verify", "compute every hash anew and report what was tampered with"),
            ("seal", "seal the events that wait for it"),
            ("anchor", "append the signed head of the chain to a file"),
        ):
            action = actions.add_parser(name, help=what)
            whose = action.add_mutually_exclusive_group(required=True)
            whose.add_argument("--tenant", metavar="SUBDOMAIN", help="one clinic")
            whose.add_argument("--platform", action="store_true", help="the operators' own trail")
            whose.add_argument("--all", action="store_true", help="every clinic and the platform")
            action.add_argument("--json", action="store_true", help="machine-readable")
            if name == "verify":
                action.add_argument("--anchor", type=Path, metavar="FILE", help="compare with it")
            if name == "anchor":
                action.add_argument("--file", type=Path, help="default: var/anchors/c_<id>.jsonl")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        chosen = self._trails(options)
        file = options.get("file") or options.get("anchor")
        if file and len(chosen) > 1:
            raise CommandError("One file holds one chain: name one clinic with --tenant.")
        answers = [getattr(self, f"_{options['action']}")(trail, options) for trail in chosen]
        if options["json"]:
            shown = answers[0] if len(answers) == 1 else answers
            self.stdout.write(json.dumps(shown, indent=2))
        if not all(answer.get("ok", True) for answer in answers):
            raise SystemExit(1)

    def _trails(self, options: dict[str, Any]) -> list[Trail]:
        if options["all"]:
            return list(trails.all_trails())
        if options["platform"]:
            return [trails.platform_trail()]
        try:
            return [trails.trail_named(options["tenant"])]
        except Tenant.DoesNotExist:
            raise CommandError(
                f"There is no clinic “{options['tenant']}”; `nexus tenants list` names them all."
            ) from None

    def _verify(self, trail: Trail, options: dict[str, Any]) -> dict[str, Any]:
        known: list[anchors.Anchor | anchors.AnchorError] = []
        if options["anchor"]:
            try:
                known = list(anchors.read_anchors(options["anchor"]))
            except OSError as error:
                raise CommandError(f"The anchor file cannot be read: {error}") from None
        verdict = verify(trail, anchors=known)
        if not options["json"]:
            self._tell(verdict)
        return verdict.as_json()

    def _tell(self, verdict: Verdict) -> None:
        state = "clean" if verdict.ok else f"{verdict.counts.total()} findings"
        self.stdout.write(
            f"{verdict.trail}: {state}; {verdict.seals} seals over {verdict.events} events, "
            f"{verdict.unsealed} not yet sealed, {verdict.erased} lawfully erased, "
            f"{verdict.anchors} anchors"
        )
        for finding in verdict.findings:
            self.stdout.write(f"  {finding.kind}: {finding.message}")
        more = verdict.counts.total() - len(verdict.findings)
        if more:
            self.stdout.write(f"  … and {more} more: {dict(verdict.counts)}")

    def _seal(self, trail: Trail, options: dict[str, Any]) -> dict[str, Any]:
        done = services.seal(trail)
        if not options["json"]:
            self.stdout.write(f"{trail.label}: {done.seals} seals over {done.events} events")
        return {"tenant": trail.label, **vars(done)}

    def _anchor(self, trail: Trail, options: dict[str, Any]) -> dict[str, Any]:
        path = options["file"] or anchors.standard_path(trail)
        anchor = anchors.drop_anchor(trail, path)
        if not options["json"]:
            self.stdout.write(f"{trail.label}: seal {anchor.n} anchored in {path}")
        return {"tenant": trail.label, "file": str(path), **vars(anchor)}
