"""Where an installation keeps what it owns: everything under one directory, `var/` by default."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.stack import unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[3]
MARKER = ".nexus-data"
FIRST_START_BYTES = 1_500_000_000
LATER_START_BYTES = 200_000_000


class ForeignDirectoryError(RuntimeError):
    """The data directory belongs to somebody else, or is not one of ours."""


class AlreadyRunningError(RuntimeError):
    """Another process serves from the same directory."""


class DiskFullError(RuntimeError):
    """The disk has no room for what a start needs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one installation."""

    var: Path

    @classmethod
    def from_environment(cls) -> Layout:
        return cls(Path(os.environ.get("NEXUS_VAR") or CHECKOUT / "var").absolute())

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data: under `var`, unless only root can walk there."""
        inside = self.var / "postgres"
        if inside.exists():
            return inside
        account = unprivileged.server_account(inside)
        if account is None or unprivileged.can_walk_to(inside, account):
            return inside
        return unprivileged.state_dir_for(self.var) / "postgres"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets.json"

    @property
    def environment(self) -> Path:
        """The variables the running servers were started with, for commands in other terminals."""
        return self.var / "environment.json"

    @property
    def demo(self) -> Path:
        return self.var / "demo"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the directory, or say why the one that is there cannot be used."""
        if self.var.exists() and os.geteuid() not in {0, self.var.stat().st_uid}:
            raise ForeignDirectoryError(
                f"{self.var} belongs to another user (uid {self.var.stat().st_uid}): it was "
                "probably made by a start as root. Start as that user, or use a directory of your "
                "own: NEXUS_VAR=$HOME/nexus-data make demo"
            )
        unprivileged.make_walkable(self.var)
        (self.var / MARKER).touch()
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def require_room(self) -> None:
        """Raise DiskFullError unless every disk we write to has room for this start."""
        needed = LATER_START_BYTES if self.postgres.exists() else FIRST_START_BYTES
        for path in (self.var, self.postgres):
            there = next(parent for parent in (path, *path.parents) if parent.exists())
            free = shutil.disk_usage(there).free
            if free < needed:
                raise DiskFullError(
                    f"The disk under {path} has {free / 1e9:.1f} GB free and a start needs "
                    f"{needed / 1e9:.1f} GB. Make room, or put the data on another disk: "
                    "NEXUS_VAR=/path/with/room make demo"
                )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the installation; the kernel lets go when this process ends, however it ends."""
        with (self.var / "running.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                pid = lock.read().strip() or "unknown"
                raise AlreadyRunningError(
                    f"Nexus already runs from {self.var} (process {pid}). Use that one, or stop it "
                    f"first: Ctrl-C in its terminal, or kill {pid}"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def is_running(self) -> bool:
        """Whether somebody holds the installation."""
        try:
            with (self.var / "running.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def erase(self) -> None:
        """Remove everything; refuses while it runs and where the directory is not ours."""
        data = self.postgres
        if self.var.exists():
            if not (self.var / MARKER).exists():
                raise ForeignDirectoryError(
                    f"{self.var} does not look like a data directory of Nexus (no {MARKER} in it), "
                    "so it is left alone. Remove it by hand if that is right."
                )
            with self.running():
                shutil.rmtree(data, ignore_errors=True)
            shutil.rmtree(self.var)
        outside = unprivileged.state_dir_for(self.var)
        if outside.exists():
            shutil.rmtree(outside)
