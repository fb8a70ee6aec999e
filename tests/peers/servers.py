"""Starting a peer's process on loopback, waiting until it listens, and ending it whatever happens."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PATIENCE = 90


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def folder_of(name: str) -> Iterator[Path]:
    """Make a folder for what a peer writes; gone when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"nexus-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: Sequence[str],
    *,
    folder: Path,
    is_up: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a peer for the block, once it is up; what it says goes to `folder`.

    Raises AssertionError with its last words where it does not come up.
    """
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            list(command), env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            end = time.monotonic() + PATIENCE
            while not is_up():
                if server.poll() is not None or time.monotonic() > end:
                    said = (folder / "log").read_text(errors="replace")[-500:]
                    raise AssertionError(f"{Path(command[0]).name} did not start: {said}")
                time.sleep(0.1)
            yield
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
