"""MiniStack, a local stand-in for S3 and KMS, on loopback; nothing of it is kept."""

from __future__ import annotations

import importlib.util
import os
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.peers.servers import folder_of, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = {"AWS_ACCESS_KEY_ID": "throw-away", "AWS_SECRET_ACCESS_KEY": "throw-away-secret"}
REGION = "ap-southeast-2"


@contextmanager
def object_store() -> Iterator[str]:
    """Run it for the block; answers its URL. Skips the test where it is not installed."""
    if importlib.util.find_spec("ministack") is None:
        pytest.skip("ministack is not installed (pip install ministack)")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with folder_of("object-store") as folder:
        environment = {
            **os.environ,
            **KEYS,
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "SERVICES": "s3,sts,iam,kms",
            "MINISTACK_REGION": REGION,
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(folder),
            "S3_DATA_DIR": str(folder / "s3"),
            "STATE_DIR": str(folder / "state"),
        }
        command = [sys.executable, "-m", "ministack"]
        with running(command, folder=folder, is_up=lambda: _is_well(url), environment=environment):
            yield url


def _is_well(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/_ministack/health", timeout=1).close()  # noqa: S310 - loopback
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
