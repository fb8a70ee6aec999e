"""`make test`: pytest in several processes with one PostgreSQL and one Valkey for all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from config.stack.layout import CHECKOUT
from config.stack.supervisor import stopping_on_signals
from config.stack.throwaway import ADMIN_URL, REDIS_URL, throwaway

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESSES = 4
"""More than processors: browsers, servers and time-outs are waited for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run pytest with `arguments`; returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--"]:
        del words[0]
    with stopping_on_signals():
        try:
            with throwaway() as servers:
                variables = {
                    **os.environ,
                    ADMIN_URL: servers.admin_url,
                    REDIS_URL: servers.valkey_url,
                }
                # tests/conftest.py names the settings once it has made what they read.
                variables.pop("DJANGO_SETTINGS_MODULE", None)
                return subprocess.run(
                    [
                        sys.executable,
                        "-m",
                        "pytest",
                        "-n",
                        str(PROCESSES),
                        # A file's tests share what they need, and stay in one process; tests/conftest.py
                        # puts the longest files first.
                        *("--dist", "loadfile", "--no-loadscope-reorder"),
                        *words,
                    ],
                    check=False,
                    cwd=CHECKOUT,
                    env=variables,
                ).returncode
        except KeyboardInterrupt:
            return 130
        except RuntimeError as error:
            print(f"nexus: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
