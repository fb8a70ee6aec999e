"""`nexus certificate SUBDOMAIN --output FILE`: the certificate of destruction of a deleted clinic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.lifecycle.certificates import certificate_of
from tenants.jobs import OWNER
from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Write the certificate of destruction of a deleted clinic to a file."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subdomain")
        parser.add_argument("--output", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        with public_scope(using=OWNER):
            tenant = Tenant.objects.filter(subdomain=options["subdomain"]).first()
            found = certificate_of(tenant.pk) if tenant is not None else None
        if found is None:
            raise CommandError(f"No certificate was issued for “{options['subdomain']}”.")
        options["output"].write_bytes(found.pdf)
        self.stdout.write(f"{options['output']}: SHA-256 {found.sha256}")
