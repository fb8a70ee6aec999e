"""Keeps the web, worker and beat processes going until somebody says stop."""

from __future__ import annotations

import http.client
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from config.stack import children, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from config.stack.children import Child

RESTARTS = 3  # within RESTART_WINDOW; more than that is a fault somebody must look at
RESTART_WINDOW = 120.0
WATCH_PAUSE = 0.5


class StopRequested(KeyboardInterrupt):
    """SIGINT, SIGTERM or SIGHUP."""


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn the signals that ask for an end into an exception in the main thread."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise StopRequested

    # A shell starts its background jobs with SIGINT ignored, and nohup does that with SIGHUP: the
    # first is asked for all the same, the second is respected.
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    kept = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class App:
    """One of our processes and how to start it again."""

    start: Callable[[], Child]
    child: Child
    restarted: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Supervisor:
    """Starts, watches and stops. `servers` are those that cannot be restarted under the apps."""

    servers: list[Child] = field(default_factory=list)
    apps: list[App] = field(default_factory=list)

    def add(self, start: Callable[[], Child]) -> Child:
        app = App(start, start())
        self.apps.append(app)
        return app.child

    def watch(self) -> NoReturn:
        """Until interrupted: restart an app that ended, give up when a server did."""
        while True:
            for server in self.servers:
                if server.has_ended():
                    raise children.ChildFailedError(
                        f"{server.name} ended unexpectedly (status {server.process.returncode}). "
                        f"The end of {server.log}:\n{server.log_tail()}"
                    )
            for app in self.apps:
                if app.child.has_ended():
                    _restart(app)
            time.sleep(WATCH_PAUSE)

    def stop(self) -> None:
        """Stop every app, all at once. A second Ctrl-C kills instead of waiting."""
        with _second_signal_kills(self):
            for app in self.apps:
                app.child.ask_to_stop()
            for app in self.apps:
                app.child.stop()

    def kill(self) -> None:
        for app in self.apps:
            children.kill_group(app.child.pid)


def _restart(app: App) -> None:
    now = time.monotonic()
    app.restarted = [at for at in app.restarted if now - at < RESTART_WINDOW]
    ended = f"{app.child.name} ended with status {app.child.process.returncode}"
    if len(app.restarted) >= RESTARTS:
        raise children.ChildFailedError(
            f"{ended}, for the {RESTARTS + 1}th time in {RESTART_WINDOW:.0f} s. "
            f"The end of {app.child.log}:\n{app.child.log_tail()}"
        )
    sys.stderr.write(f"{ended}; starting it again. See {app.child.log}\n")
    children.kill_group(app.child.pid)
    app.restarted.append(now)
    app.child = app.start()


@contextmanager
def _second_signal_kills(supervisor: Supervisor) -> Iterator[None]:
    def kill(_number: int, _frame: FrameType | None) -> None:
        supervisor.kill()

    kept = {number: signal.signal(number, kill) for number in children.ENDINGS}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def is_ready(port: int, host: str, path: str = "/readyz") -> bool:
    """Whether the web server answers 200 at `path` under the platform's own host name."""
    connection = http.client.HTTPConnection(listening.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
