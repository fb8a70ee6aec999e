"""`nexus demo`: everything `nexus serve` starts, with an operator, two clinics and an import."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

from config import serve
from config.demo_people import CLINICS, OPERATORS_HOST, code_now, load_or_make_logins
from config.stack.layout import CHECKOUT, Layout
from config.stack.passwords import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from config.demo_people import Login
    from config.stack.installation import Installation

STEPS = 3
IMPORTED_INTO = "alpha"
FACTOR = "NEXUS_DEMO_FACTOR"
FILES = "NEXUS_DEMO_FILES"
"""The share of the clinic's 16,764 files that the demo brings; all of them take minutes."""
SECONDS_PER_CODE = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Bring the demo up, or (`nexus demo code`) print the log-ins of the one that is there."""
    parser = argparse.ArgumentParser(prog="nexus demo", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("code",), help="print the log-ins and the code they need now"
    )
    if parser.parse_args(argv).what == "code":
        return _print_code()
    return serve.serve(say=_announce, prepare=_prepare, prepare_steps=STEPS)


def _prepare(running: Installation) -> None:
    logins = _logins_path(running.layout)
    file = running.layout.demo / "alpha-allied-health.fmp12"
    with running.steps.step(f"Making the operator and the clinics {' and '.join(CLINICS)}"):
        running.run_module("config.demo_people", "settle", str(logins), log="demo")
    with running.steps.step("Writing a FileMaker file of a made-up clinic"):
        _write_file(running, file)
    with running.steps.step(f"Importing it into {IMPORTED_INTO}") as step:
        done = _Done.read(running)
        if done.imported(file):
            step.say("Imported at an earlier start.")
            return
        if running.owns_database:
            running.run_module("config.demo_people", "tidy", str(logins), log="demo")
        report = running.layout.demo / "import.json"
        running.run(
            *("filemaker", "import", str(file), "--tenant", IMPORTED_INTO, "--json"),
            log="demo",
            output=report,
        )
        running.run_module("config.demo_people", "connect", str(logins), log="demo")
        done.remember(file)
        step.say(f"The reconciliation is in {_shown(report)}")


def _write_file(running: Installation, file: Path) -> None:
    """Write the file beside its place, so that an interrupted start leaves no half of it."""
    if file.exists():
        return
    growing = file.with_suffix(".unfinished")
    running.run_module(
        "onboarding.filemaker.demo_clinic",
        *(str(growing), "--factor", os.environ.get(FACTOR, "1")),
        *("--files", os.environ.get(FILES, "0.06")),
        log="demo",
    )
    growing.replace(file)


class _Done:
    """What was imported, and into which database: another database starts from nothing."""

    def __init__(self, path: Path, database: str) -> None:
        self.path = path
        self.database = database

    @classmethod
    def read(cls, running: Installation) -> _Done:
        url = running.environment.for_commands()["DATABASE_OWNER_URL"]
        address = url.rpartition("@")[2]
        if running.owns_database:
            address = str(running.layout.postgres)  # its port may change from start to start
        return cls(running.layout.demo / "imported.json", address)

    def imported(self, file: Path) -> bool:
        return self.path.exists() and json.loads(self.path.read_text()) == self._facts(file)

    def remember(self, file: Path) -> None:
        write_private(self.path, json.dumps(self._facts(file)))

    def _facts(self, file: Path) -> dict[str, str]:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"database": self.database, "sha256": digest}


def _logins_path(layout: Layout) -> Path:
    return layout.demo / "logins.json"


def _shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)


def _announce(running: Installation) -> None:
    logins = load_or_make_logins(_logins_path(running.layout))
    print(f"\nNexus is ready.\n\n  {'Platform':<10} {serve.address()}")
    _print_logins(logins)
    print(
        f"\n  FileMaker file  {_shown(running.layout.demo)}/*.fmp12\n"
        f"  Mail            {_shown(running.layout.var)}/mail\n"
        f"  Logs            {_shown(running.layout.logs)}\n\n"
        "Ctrl-C stops it."
    )


def _print_logins(logins: Sequence[Login]) -> None:
    for host in (OPERATORS_HOST, *CLINICS):
        print(f"\n  {serve.address(host)}")
        for login in logins:
            if login.host == host:
                factor = " + code" if login.totp_secret else ""
                print(f"    {login.email:<28} {login.role}{factor}")
    print(f"\n  Password for all of them: {logins[0].password}")
    secret = logins[0].totp_secret
    print(
        f"  Code now: {code_now(secret)} (a new one every {SECONDS_PER_CODE} s: "
        f".venv/bin/nexus demo code; or put {secret} into an authenticator)"
    )


def _print_code() -> int:
    path = _logins_path(Layout.from_environment())
    if not path.exists():
        print("nexus: There is no demo here yet: make demo", file=sys.stderr)
        return 1
    _print_logins(load_or_make_logins(path))
    return 0
