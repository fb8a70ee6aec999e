"""A real clamd on loopback that knows one virus: the harmless one made for such tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60
# Written apart, so that no scanner takes this file for one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"
SIGNATURES = f"Nexus.Eicar.Test:0:0:{EICAR.hex()}\nNexus.Eicar.Inside:0:*:{EICAR.hex()}\n"


def program() -> str | None:
    """Answer where clamd is."""
    return shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextmanager
def clamd() -> Iterator[str]:
    """Run it for the block; answers its CLAMD_URL. Skips the test where it is not installed."""
    found = program()
    if found is None:
        pytest.skip("clamd is not installed (apt install clamav-daemon)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="nexus-clamd-"))
    (folder / "signatures").mkdir()
    (folder / "signatures" / "eicar.ndb").write_text(SIGNATURES)
    (folder / "clamd.conf").write_text(
        f"Foreground yes\nDatabaseDirectory {folder}/signatures\nTCPSocket {port}\n"
        f"TCPAddr 127.0.0.1\nLocalSocket {folder}/clamd.sock\nTemporaryDirectory {folder}\n"
        "MaxThreads 2\nStreamMaxLength 4M\n"
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [found, "--config-file", str(folder / "clamd.conf")],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(port, server, folder / "log")
            yield f"tcp://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"clamd did not start: {log.read_text(errors='replace')[-500:]}")
