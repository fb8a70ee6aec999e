"""Ports on the loopback: finding a free one, and saying who holds a taken one."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST_UNPRIVILEGED = 1024
LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp


class PortInUseError(RuntimeError):
    """Somebody else listens where a server of ours should."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port, what it is for and the variable that moves it."""

    purpose: str
    number: int
    variable: str

    def require_free(self) -> None:
        if self.number < FIRST_UNPRIVILEGED and os.geteuid() != 0:
            raise PortInUseError(
                f"Port {self.number}, wanted for {self.purpose}, is below 1024 and only root may "
                f"open it. Choose another: {self.variable}=8000 make demo"
            )
        if is_free(self.number):
            return
        raise PortInUseError(
            f"Port {self.number}, wanted for {self.purpose}, is in use by {holder(self.number)}. "
            f"Stop that, or choose another port: {self.variable}={self.number + 1} make demo"
        )


def is_free(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody held a moment ago. The caller retries when it was taken since."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
    return number


def holder(port: int) -> str:
    """Who listens on `port`, as far as /proc shows it to us."""
    wanted = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted & _open_sockets(process):
                words = (process / "cmdline").read_bytes().split(b"\0")
                command = b" ".join(words).decode(errors="replace").strip()
                return f"process {process.name} ({command[:120]})"
    return "a process we may not look at (try: sudo ss -ltnp)"


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == LISTEN and int(local.rpartition(":")[2], 16) == port:
                    inodes.add(rest[5])
    return inodes


def _open_sockets(process: Path) -> set[str]:
    inodes = set()
    for handle in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed in between
            link = str(handle.readlink())
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    return inodes
