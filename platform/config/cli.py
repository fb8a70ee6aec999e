"""`nexus`: Django's commands and ours, under one name."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from config.env import EnvironmentVariableError
from config.frames import with_room
from config.stack.environment import adopt, stand_in
from config.stack.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

# These two start the servers that settings want addresses of, so they run before Django is set up.
_BEFORE_DJANGO = {"serve": "config.serve", "demo": "config.demo"}
# These ask no server anything, so they work wherever the files are.
_WITHOUT_SERVERS = (["help"], ["--help"], ["-h"], ["version"], ["--version"], ["check"])
_INSPECT = (
    ["filemaker", "inspect"],
    ["backup", "open"],
    ["backup", "keygen"],
    ["backup", "prove"],
)


def main() -> None:
    """Run the command named first; `nexus help` lists them all."""
    words = sys.argv[1:]
    if words and words[0] in _BEFORE_DJANGO:
        from importlib import import_module

        raise SystemExit(import_module(_BEFORE_DJANGO[words[0]]).main(words[1:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        find_servers(words, Layout.from_environment())
        from django.core.management import execute_from_command_line

        with_room(execute_from_command_line, [sys.argv[0], *words])
    except EnvironmentVariableError as error:
        raise SystemExit(f"nexus: {error}") from error


def find_servers(words: Sequence[str], here: Layout) -> None:
    """Name the servers in the environment: those set by hand, else a running demo's.

    Raises EnvironmentVariableError where the command needs some and there are none.
    """
    if adopt(here) or "DATABASE_URL" in os.environ:
        return
    if not needs_no_server(words):
        raise EnvironmentVariableError(
            f"Nexus does not run from {here.var}, and DATABASE_URL names no database. Start it "
            "(make demo, or nexus serve) and run this in another terminal, or name your own "
            "servers: docs/operations.md lists the variables."
        )
    stand_in()


def needs_no_server(words: Sequence[str]) -> bool:
    """Whether a command line can be answered without a database."""
    asks_for_help = not words or "--help" in words or "-h" in words
    return asks_for_help or [words[0]] in _WITHOUT_SERVERS or list(words[:2]) in _INSPECT
