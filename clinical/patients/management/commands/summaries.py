"""`nexus summaries check|rebuild --tenant SUBDOMAIN`: the patients' summaries against their tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from clinical.patients.list_models import PatientSummary
from clinical.patients.summaries import find_wrong, rebuild
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Compare what the patient list is read from with the tables it sums up, or make it anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["check", "rebuild"])
        parser.add_argument("--tenant", required=True, help="the clinic's subdomain")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        with public_scope():
            clinic = Tenant.objects.filter(subdomain=options["tenant"]).first()
        if clinic is None:
            raise CommandError(f"There is no clinic “{options['tenant']}”.")
        is_check = options["verb"] == "check"
        with tenant_scope(clinic):
            patients = PatientSummary.objects.count()
            wrong = find_wrong() if is_check else rebuild()
        if options["json"]:
            self.stdout.write(json.dumps({"patients": patients, "wrong": wrong}))
        else:
            done = "are wrong" if is_check else "were wrong and are right now"
            self.stdout.write(f"{patients} patients, {wrong} of their figures {done}")
        if is_check and wrong:
            raise CommandError("Run “nexus summaries rebuild”, and look for what wrote past them.")
