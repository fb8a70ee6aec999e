"""`nexus tenants create|list|suspend|reactivate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from tenants import lifecycle
from tenants.migrate import OWNER
from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Make, list, suspend and reactivate clinics."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a clinic")
        create.add_argument("subdomain")
        create.add_argument("--name", required=True)
        create.add_argument("--time-zone", default="Australia/Sydney")
        verbs.add_parser("list", help="list the clinics")
        for verb in ("suspend", "reactivate"):
            verbs.add_parser(verb).add_argument("subdomain")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            tenants = getattr(self, f"_{options['verb']}")(options)
        except lifecycle.SubdomainError as error:
            raise CommandError(str(error)) from error
        rows = [
            {"id": t.pk, "subdomain": t.subdomain, "name": t.name, "state": t.state, "url": t.url}
            for t in tenants
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write("{id:>6}  {subdomain:<24} {state:<10} {name}".format(**row))

    def _create(self, options: dict[str, Any]) -> list[Tenant]:
        return [
            lifecycle.create_tenant(
                name=options["name"],
                subdomain=options["subdomain"],
                time_zone=options["time_zone"],
            )
        ]

    def _list(self, _options: dict[str, Any]) -> list[Tenant]:
        with public_scope(using=OWNER):
            return list(Tenant.objects.all())

    def _suspend(self, options: dict[str, Any]) -> list[Tenant]:
        return [lifecycle.suspend_tenant(_find(options["subdomain"]))]

    def _reactivate(self, options: dict[str, Any]) -> list[Tenant]:
        return [lifecycle.reactivate_tenant(_find(options["subdomain"]))]


def _find(subdomain: str) -> Tenant:
    with public_scope(using=OWNER):
        tenant: Tenant | None = Tenant.objects.filter(subdomain=subdomain).first()
    if tenant is None:
        raise CommandError(f"There is no clinic “{subdomain}”; `nexus tenants list` shows them.")
    return tenant
