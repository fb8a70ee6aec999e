"""A whole installation run as a person runs it: nothing of it is imported."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from config.stack.listening import LOOPBACK, free_port

READY = "Ctrl-C stops it."
START_SECONDS = 120


class Serving:
    """One installation on its own directory and ports, started by `nexus serve` or `nexus demo`."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.ports = {
            name: free_port()
            for name in (
                *("NEXUS_PORT", "NEXUS_EVENTS_PORT"),
                *("NEXUS_POSTGRES_PORT", "NEXUS_VALKEY_PORT"),
            )
        }
        unwanted = ("DATABASE_", "REDIS_URL", "SECRET_KEY", "DJANGO_", "NEXUS_", "PYTEST_")
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(unwanted)},
            **{name: str(port) for name, port in self.ports.items()},
            "NEXUS_VAR": str(var),
            "NEXUS_SCHEMA_CACHE": os.environ["NEXUS_SCHEMA_CACHE"],
            "NEXUS_DEMO_FACTOR": "0.02",
        }

    def command(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "config", *words],
            env=self.env | more,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    @contextlib.contextmanager
    def started(self, command: str = "serve", *, until: str = READY):
        """Run it until it has printed `until`; whatever happens, it is gone afterwards."""
        said = self.said = self.var.with_name("said")
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "config", command], env=self.env, stdout=out, stderr=out
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while until not in said.read_text():
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline, said.read_text()
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        port = self.ports["NEXUS_PORT"]
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def serving(django_db_setup):
    """An installation of its own; the suite's database comes first, which keeps the recorded schema."""
    with tempfile.TemporaryDirectory(prefix="nexus-serve-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Serving(Path(folder) / "var")
