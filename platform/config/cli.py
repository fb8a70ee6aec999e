"""`nexus`: Django's commands and ours, under one name."""

from __future__ import annotations

import os
import sys

from config.stack.environment import adopt
from config.stack.layout import Layout

# These two start the servers that settings want addresses of, so they run before Django is set up.
_BEFORE_DJANGO = {"serve": "config.serve", "demo": "config.demo"}


def main() -> None:
    """Run the command named first; `nexus help` lists them all."""
    if len(sys.argv) > 1 and sys.argv[1] in _BEFORE_DJANGO:
        from importlib import import_module

        raise SystemExit(import_module(_BEFORE_DJANGO[sys.argv[1]]).main(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    adopt(Layout.from_environment())  # a running demo's addresses, unless others are set by hand
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
