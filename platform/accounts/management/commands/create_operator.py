"""`nexus create_operator`: somebody who runs the platform, on a server where there is none yet."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
from typing import TYPE_CHECKING, Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.models import User
from accounts.services import create_user
from accounts.services.people import AddressTakenError
from accounts.tasks import operators_url
from tenants.scope import Actor, platform_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser

VARIABLE = "NEXUS_OPERATOR_PASSWORD"


class Command(BaseCommand):
    help = (
        "Create an operator of the platform. The password is read from the environment "
        f"({VARIABLE}), else asked for, else made up and printed once."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        email, name = options["email"].strip().lower(), options["name"].strip()
        password, is_made_up = _password()
        try:
            validate_email(email)
            validate_password(password, User(email=email, name=name))
            with platform_scope(actor=Actor(label="nexus create_operator")):
                create_user(email=email, name=name, role=User.Role.OPERATOR, password=password)
        except (ValidationError, AddressTakenError) as error:
            raise CommandError(" ".join(getattr(error, "messages", [str(error)]))) from error
        self.stdout.write(f"{name} <{email}> can sign in at {operators_url()}/login/")
        if is_made_up:
            self.stdout.write(f"Password, shown this once: {password}")
        self.stdout.write("The first sign-in sets up the second factor.")


def _password() -> tuple[str, bool]:
    """Answer the password, and whether nobody has seen it yet."""
    if given := os.environ.get(VARIABLE):
        return given, False
    if sys.stdin.isatty():
        typed = getpass.getpass("Password (leave empty to have one made up): ")
        if typed:
            if typed != getpass.getpass("Again: "):
                raise CommandError("The two passwords are not the same.")
            return typed, False
    return secrets.token_urlsafe(18), True
