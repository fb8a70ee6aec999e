"""`nexus vault status|rewrap|rotate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from tenants import vault
from tenants.keyring import VaultError, key_wrapper
from tenants.migrate import OWNER
from tenants.models import DataKey, Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Say which keys the clinics' secrets stand under; change the keys."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="count data keys by the key that wraps them")
        verbs.add_parser("rewrap", help="wrap every data key under the current key")
        rotate = verbs.add_parser("rotate", help="give clinics new data keys")
        rotate.add_argument("--tenant", help="this clinic only")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            said = getattr(self, f"_{options['verb']}")(options)
        except VaultError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        for name, value in said.items():
            self.stdout.write(f"{name}: {value}")

    def _status(self, _options: dict[str, Any]) -> dict[str, Any]:
        with public_scope(using=OWNER):
            counted = DataKey.objects.order_by("wrapped_by").values("wrapped_by")
            under = dict(counted.annotate(keys=Count("id")).values_list("wrapped_by", "keys"))
        current = key_wrapper().current
        stale = sum(keys for key_id, keys in under.items() if key_id != current)
        return {
            "current key": current,
            "data keys under it": under.get(current, 0),
            "others": stale,
        }

    def _rewrap(self, _options: dict[str, Any]) -> dict[str, Any]:
        return {"data keys wrapped anew": vault.rewrap()}

    def _rotate(self, options: dict[str, Any]) -> dict[str, Any]:
        with public_scope(using=OWNER):
            having = Tenant.objects.filter(pk__in=DataKey.objects.values("tenant_id"))
            if options["tenant"]:
                having = having.filter(subdomain=options["tenant"])
            clinics = list(having)
        if options["tenant"] and not clinics:
            raise CommandError(f"“{options['tenant']}” is no clinic with secrets.")
        sealed = sum(vault.rotate(clinic) for clinic in clinics)
        return {"clinics with a new data key": len(clinics), "secrets sealed anew": sealed}
