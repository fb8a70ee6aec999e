"""Child processes that do not outlive us.

Each child leads its own process group, so Ctrl-C in the terminal reaches only the supervisor,
which then stops the children in order. On Linux the kernel ends a child when its parent is killed
outright.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals by which somebody asks for an end."""
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class ChildFailedError(RuntimeError):
    """A child ended before it was ready, or without being asked to."""


@dataclass(frozen=True, slots=True)
class Account:
    """The uid and gid a child runs under."""

    name: str
    uid: int
    gid: int


class RunAs(TypedDict, total=False):
    """The arguments of Popen that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(slots=True)
class Child:
    """A running process, its log and the signal that asks it to finish."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20.0

    @property
    def pid(self) -> int:
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the child's log, for an error message."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"

    def ask_to_stop(self) -> None:
        if not self.has_ended():
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask, wait `patience` seconds, then kill what is left of the process group."""
        self.ask_to_stop()
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            pass
        finally:
            kill_group(self.process.pid)
            self.process.wait()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but there
        return True
    return True


def kill_group(leader: int) -> None:
    """Kill a whole process group; nothing happens when none of it is left."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    output: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    patience: float = 20.0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
) -> Child:
    """Start a child in a process group of its own.

    What it says is appended to `log`; its standard output to `output` instead where that is given.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    child = None
    try:
        with (
            log.open("ab") as stream,
            (output or log).open("ab") as out,
            _asked_to_stop_later() as mask,
        ):
            process = subprocess.Popen(
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=stream,
                env=None if env is None else dict(env),
                cwd=cwd,
                process_group=0,
                # Runs after the change of user, which would clear the setting.
                preexec_fn=partial(_in_child, os.getpid(), stop_signal, mask, _prctl()),  # noqa: PLW1509 - one thread at this point
                **as_account(account),
            )
            child = Child(name, process, log, stop_signal, patience)
    except BaseException:
        if child is not None:
            child.stop()
        raise
    return child


@contextmanager
def _asked_to_stop_later() -> Iterator[Iterable[int]]:
    """Hold back what asks for an end; answers the signals that were held back before.

    Python calls functions of its own around a fork, and what is raised in them is lost.
    """
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        yield kept
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)


def as_account(account: Account | None) -> RunAs:
    """The Popen arguments that make a child run as `account` and nobody else."""
    if account is None or os.geteuid() != 0:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _prctl() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    found: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return found


def _in_child(
    parent: int,
    stop_signal: signal.Signals,
    mask: Iterable[int],
    prctl: Callable[..., int] | None,
) -> None:
    """Die with the parent where the kernel can do that, and hear signals as the parent did."""
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def wait_until(
    is_ready: Callable[[], bool], child: Child, *, seconds: float, pause: float = 0.05
) -> None:
    """Poll until `is_ready`; raises ChildFailedError with the end of the log otherwise."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if child.has_ended():
            raise ChildFailedError(
                f"{child.name} ended with status {child.process.returncode} while starting. "
                f"The end of {child.log}:\n{child.log_tail()}"
            )
        if time.monotonic() > deadline:
            raise ChildFailedError(
                f"{child.name} did not answer within {seconds:.0f} s. "
                f"The end of {child.log}:\n{child.log_tail()}"
            )
        time.sleep(pause)
