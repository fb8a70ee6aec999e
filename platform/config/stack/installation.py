"""The servers and database of one installation, from nothing or from where it stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.stack import children, environment, layout, passwords, postgres, valkey
from config.stack.listening import Port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from config.stack.children import Child
    from config.stack.steps import Step, Steps

WEB_PORT = 8000
POSTGRES_PORT = 8432
VALKEY_PORT = 8379
BIGGEST_LOG = 20_000_000
LINES_SHOWN = 8


class PortNumberError(RuntimeError):
    """A variable that should hold a port holds something else."""


class CommandFailedError(RuntimeError):
    """A command of ours that a start needs did not succeed."""


def port(purpose: str, variable: str, default: int) -> Port:
    """The port for `purpose`: the variable's, else the default."""
    value = os.environ.get(variable) or str(default)
    if not value.isdigit() or not 0 < int(value) < 2**16:
        raise PortNumberError(f"{variable}={value!r} is not a port: write a number up to 65535.")
    return Port(purpose, int(value), variable)


def web_port() -> Port:
    return port("the web pages", "NEXUS_PORT", WEB_PORT)


def events_port() -> Port:
    """The streams' port: beside the web's where nobody says otherwise."""
    return port("the streams of changes", "NEXUS_EVENTS_PORT", web_port().number + 1)


@dataclass(slots=True)
class Installation:
    """Everything a command needs once the servers stand."""

    layout: layout.Layout
    steps: Steps
    stack: ExitStack
    servers: list[Child]
    environment: environment.Environment

    @property
    def owns_database(self) -> bool:
        """Whether the database is the embedded one, which nobody else uses."""
        return environment.ADMIN in self.environment.variables

    def run(self, *arguments: str, log: str, output: Path | None = None) -> None:
        """Run `nexus ARGUMENTS`, its words appended to the log `log`, its output to `output`.

        Raises CommandFailedError with the end of what it said.
        """
        self._run(f"nexus {' '.join(arguments)}", "config", arguments, log, output)

    def run_module(self, module: str, *arguments: str, log: str) -> None:
        """Run `python -m MODULE ARGUMENTS` as `run` does."""
        self._run(f"python -m {module}", module, arguments, log, None)

    def _run(
        self, title: str, module: str, arguments: Sequence[str], log: str, output: Path | None
    ) -> None:
        path = self.layout.log(log)
        path.touch()
        began = path.stat().st_size
        if output is not None:
            output.write_bytes(b"")
        child = children.spawn(
            title,
            [sys.executable, "-m", module, *arguments],
            log=path,
            output=output,
            stop_signal=signal.SIGINT,  # it can still say that it was interrupted
            patience=10,
            env=self.environment.for_commands(),
        )
        try:
            while child.process.poll() is None:
                self.steps.tick()
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(1)
        finally:
            child.stop()
        if child.process.returncode != 0:
            said = path.read_bytes()[began:] + (output.read_bytes() if output else b"")
            lines = said.decode(errors="replace").splitlines()
            raise CommandFailedError(
                f"`{title}` failed (status {child.process.returncode}). What was done stays done: "
                "once the cause is mended, start again. All it said is in "
                f"{output or path}; the end:\n" + "\n".join(lines[-LINES_SHOWN:])
            )


def start(steps: Steps, stack: ExitStack) -> Installation:
    """Check, then start what is not external. `stack` stops it again, last started first."""
    here = layout.Layout.from_environment()
    with steps.step("Checking ports, disk and what an earlier start left") as step:
        here.prepare()
        here.require_room()
        stack.enter_context(here.running())
        own_database = environment.wants_embedded_database()
        own_cache = environment.wants_embedded_valkey()
        secrets = passwords.load_or_make(here.secrets)
        _shorten_logs(here)
        if own_database and (found := postgres.end_earlier(here.postgres)):
            step.say(found)
        web_port().require_free()
        events_port().require_free()
    database = _database(here, secrets["admin"], steps, stack) if own_database else None
    cache = _cache(here, secrets["valkey"], steps, stack) if own_cache else None
    described = environment.describe(here, secrets, database=database, cache=cache)
    environment.remember(here, described)
    stack.callback(here.environment.unlink, missing_ok=True)
    servers = [server.child for server in (database, cache) if server is not None]
    return Installation(here, steps, stack, servers, described)


def step_count() -> int:
    """How many steps `start` will take."""
    return 1 + environment.wants_embedded_database() + environment.wants_embedded_valkey()


def _database(
    here: layout.Layout, password: str, steps: Steps, stack: ExitStack
) -> postgres.PostgresServer:
    chosen = port("the embedded PostgreSQL", "NEXUS_POSTGRES_PORT", POSTGRES_PORT)
    with steps.step(f"Starting PostgreSQL on port {chosen.number}") as step:
        chosen.require_free()
        _make_data(here, password, step)
        server = postgres.start(
            here.postgres, port=chosen.number, admin_password=password, log=here.log("postgres")
        )
        stack.callback(server.stop)
    return server


def _make_data(here: layout.Layout, password: str, step: Step) -> None:
    data = here.postgres
    if data.exists():
        return
    if postgres.unfinished(data).exists():
        step.say("An earlier start was interrupted while making the database; making it anew.")
    if here.var not in data.parents:
        step.say(f"PostgreSQL does not run as root and cannot reach {here.var}: data in {data}")
    postgres.initialise(data, admin_password=password)


def _cache(
    here: layout.Layout, password: str, steps: Steps, stack: ExitStack
) -> valkey.ValkeyServer:
    chosen = port("the embedded Valkey", "NEXUS_VALKEY_PORT", VALKEY_PORT)
    with steps.step(f"Starting Valkey on port {chosen.number}"):
        chosen.require_free()
        server = valkey.start(
            here.valkey, port=chosen.number, password=password, log=here.log("valkey")
        )
        stack.callback(server.stop)
    return server


def _shorten_logs(here: layout.Layout) -> None:
    """Keep one earlier generation of a log that grew large."""
    for log in here.logs.glob("*.log"):
        if log.stat().st_size > BIGGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
