"""A real clamd on loopback that knows one virus: the harmless one made for such tests."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.peers.servers import folder_of, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    port = free_port()
    with folder_of("clamd") as folder:
        (folder / "signatures").mkdir()
        (folder / "signatures" / "eicar.ndb").write_text(SIGNATURES)
        (folder / "clamd.conf").write_text(
            f"Foreground yes\nDatabaseDirectory {folder}/signatures\nTCPSocket {port}\n"
            f"TCPAddr 127.0.0.1\nLocalSocket {folder}/clamd.sock\nTemporaryDirectory {folder}\n"
            "MaxThreads 2\nStreamMaxLength 4M\n"
        )
        command = [found, "--config-file", str(folder / "clamd.conf")]
        with running(command, folder=folder, is_up=lambda: listens(port)):
            yield f"tcp://127.0.0.1:{port}"
