"""`nexus bootstrap`: make the database roles, the database and its extensions, as the superuser."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tenants import roles
from tenants.walls import APP, BACKUP, OWNER, PLATFORM


class Command(BaseCommand):
    help = "Create the roles, the database and the extensions (needs DATABASE_ADMIN_URL)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        admin_url = os.environ.get("DATABASE_ADMIN_URL")
        if not admin_url:
            raise CommandError(
                "DATABASE_ADMIN_URL is not set: name a superuser's connection, for instance "
                "postgresql://postgres:password@host:5432/postgres"
            )
        databases = settings.DATABASES
        for alias, role in (("default", APP), ("owner", OWNER), ("platform", PLATFORM)):
            if alias not in databases or databases[alias]["USER"] != role:
                raise CommandError(f"The URL of {alias!r} must sign in as {role}.")
        passwords = {databases[a]["USER"]: databases[a]["PASSWORD"] for a in databases}
        passwords[BACKUP] = os.environ.get("DATABASE_BACKUP_PASSWORD") or passwords[OWNER]
        roles.bootstrap_roles(admin_url, passwords=passwords)
        roles.bootstrap_database(admin_url, name=databases["owner"]["NAME"])
        self.stdout.write("Roles, database and extensions are in place.")
