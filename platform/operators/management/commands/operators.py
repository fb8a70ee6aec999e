"""`nexus operators networks|allow|disallow|open`: from where the console answers, on the server itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operators import networks
from operators.models import AllowedNetwork
from tenants.scope import Actor, platform_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Say from which networks the operators' host answers. None: from everywhere."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("networks", help="list them")
        allow = verbs.add_parser("allow", help="let a network in")
        allow.add_argument("network")
        allow.add_argument("--note", default="")
        verbs.add_parser("disallow", help="take a network off the list").add_argument("network")
        verbs.add_parser("open", help="take all networks of the list off it: for who is locked out")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        with platform_scope(actor=Actor(label="nexus operators")):
            try:
                getattr(self, f"_{options['verb']}")(options)
            except networks.NetworkError as error:
                raise CommandError(str(error)) from error
            self._say()

    def _networks(self, _options: dict[str, Any]) -> None:
        """Only say."""

    def _allow(self, options: dict[str, Any]) -> None:
        networks.allow(options["network"], note=options["note"], added_by="nexus operators")

    def _disallow(self, options: dict[str, Any]) -> None:
        wanted = str(networks.read_network(options["network"]))
        kept = AllowedNetwork.objects.filter(network=wanted).first()
        if kept is None:
            raise CommandError(f"{wanted} is not on the list.")
        networks.disallow(kept)

    def _open(self, _options: dict[str, Any]) -> None:
        for kept in AllowedNetwork.objects.all():
            networks.disallow(kept)

    def _say(self) -> None:
        for network in settings.OPERATORS_NETWORKS:
            self.stdout.write(f"{network}  (NEXUS_OPERATORS_NETWORKS)")
        for kept in AllowedNetwork.objects.all():
            self.stdout.write(f"{kept.network}  {kept.note}")
        if not networks.allowed_networks():
            self.stdout.write("The operators' host answers from everywhere.")
