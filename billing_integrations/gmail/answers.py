"""Whether a clinic lets its answers be read: a consent of its own, beside the one to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.dateparse import parse_datetime

from billing_integrations.gmail.connecting import READ
from billing_integrations.gmail.reading import FROM, PROBLEM, READ_AT, WANTED, is_consented
from connections.models import Connection
from connections.services import set_options

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User

PROVIDER = "gmail"


@dataclass(frozen=True)
class Standing:
    """How it stands with reading, for the page."""

    is_on: bool
    read_at: datetime | None
    problem: str


def how_it_stands(connection: Connection | None) -> Standing | None:
    """Answer None where the mailbox in use is none that answers can be read from."""
    if connection is None or connection.provider != PROVIDER:
        return None
    options = connection.options
    is_on = is_consented(options, connection.scopes)
    problem = str(options.get(PROBLEM, ""))
    if options.get(WANTED) and not is_on and not problem:
        problem = (
            "It was asked for, and Google has not given the consent. Ask again, and tick the box that "
            "lets Nexus read."
        )
    return Standing(is_on, parse_datetime(str(options.get(READ_AT) or "")), problem)


def ask(connection: Connection, *, actor: User) -> None:
    """Note that reading is wanted: from now on, once Google has given its consent."""
    set_options(connection, {WANTED: True, FROM: "", PROBLEM: "", READ_AT: ""}, actor=actor)


@transaction.atomic
def stop(connection: Connection, *, actor: User, at: datetime) -> None:
    """Go back to sending alone. The token in hand is given up; later ones are asked for without it."""
    set_options(connection, {WANTED: False, FROM: "", PROBLEM: "", READ_AT: ""}, actor=actor)
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    held.scopes = [scope for scope in held.scopes if scope != READ]
    held.expires_at = at
    held.save(update_fields=["scopes", "expires_at", "changed_at"])
