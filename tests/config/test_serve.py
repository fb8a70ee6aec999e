"""The whole of `nexus serve` with real processes: nothing here is imported, everything is run."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from config.stack.listening import LOOPBACK, free_port, is_free

READY = "Ctrl-C stops it."
START_SECONDS = 120


class Serving:
    """One `nexus serve` on its own directory and ports."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.ports = {
            name: free_port() for name in ("NEXUS_PORT", "NEXUS_POSTGRES_PORT", "NEXUS_VALKEY_PORT")
        }
        unwanted = ("DATABASE_", "REDIS_URL", "SECRET_KEY", "DJANGO_", "NEXUS_", "PYTEST_")
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(unwanted)},
            **{name: str(port) for name, port in self.ports.items()},
            "NEXUS_VAR": str(var),
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
    def started(self, *, until: str = READY):
        """Run it until it has printed `until`; whatever happens, it is gone afterwards."""
        said = self.var.with_name("said")
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "config", "serve"], env=self.env, stdout=out, stderr=out
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


def descendants(pid: int) -> set[int]:
    """The living processes below `pid`."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(stat.parent.name)] = int(parent)
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {pid}


def still_there(pids: set[int], seconds: float = 15.0) -> list[str]:
    """What of `pids` still lives after a while, by command; zombies are dead."""
    deadline = time.monotonic() + seconds
    while True:
        living = []
        for pid in pids:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    living.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
        if not living or time.monotonic() > deadline:
            return living
        time.sleep(0.05)


@pytest.fixture(scope="module")
def serving():
    with tempfile.TemporaryDirectory(prefix="nexus-serve-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Serving(Path(folder) / "var")


def test_a_start_that_is_interrupted_goes_on_at_the_next(serving):
    with serving.started(until="Migrating") as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 130

    with serving.started():
        assert serving.get("/readyz") == (200, {"ok": True, "database": "ok", "queue": "ok"})


def test_ctrl_c_leaves_no_child_and_the_next_start_finds_everything(serving):
    with serving.started() as process:
        made = serving.command("tenants", "--json", "create", "kept", "--name", "Kept Physio")
        assert made.returncode == 0, made.stderr
        children = descendants(process.pid)
        assert len(children) > 5

        process.send_signal(signal.SIGINT)

        assert process.wait(60) == 0
        assert still_there(children) == []
        assert all(is_free(port) for port in serving.ports.values())

    began = time.monotonic()
    with serving.started():
        assert time.monotonic() - began < 60
        listed = json.loads(serving.command("tenants", "--json", "list").stdout)
        assert [row["subdomain"] for row in listed] == ["kept"]


def test_a_killed_supervisor_takes_its_children_along(serving):
    with serving.started() as process:
        children = descendants(process.pid)

        process.send_signal(signal.SIGKILL)

        assert process.wait(10) == -signal.SIGKILL
        assert still_there(children) == []

    with serving.started():
        assert serving.get("/healthz") == (200, {"ok": True})


def test_a_second_start_in_the_same_directory_names_the_first(serving):
    with serving.started() as process:
        second = serving.command("serve")

        assert second.returncode == 1
        assert f"Nexus already runs from {serving.var} (process {process.pid})" in second.stderr
        assert process.poll() is None


@pytest.mark.parametrize("variable", ["NEXUS_PORT", "NEXUS_POSTGRES_PORT", "NEXUS_VALKEY_PORT"])
def test_a_port_in_use_stops_the_start_with_the_way_out(serving, variable):
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        taken = listener.getsockname()[1]

        answer = serving.command("serve", **{variable: str(taken)})

    assert answer.returncode == 1
    assert f"is in use by process {os.getpid()}" in answer.stderr
    assert f"{variable}={taken + 1} make demo" in answer.stderr


def test_a_server_that_cannot_be_reached_is_reported_with_the_log(serving):
    unreachable = f"postgresql://role:password@{LOOPBACK}:{free_port()}/nexus"

    answer = serving.command(
        "serve",
        DATABASE_URL=unreachable.replace("role", "nexus_app"),
        DATABASE_OWNER_URL=unreachable.replace("role", "nexus_owner"),
        DATABASE_PLATFORM_URL=unreachable.replace("role", "nexus_platform"),
    )

    assert answer.returncode == 1
    assert "PostgreSQL" not in answer.stdout
    assert "`nexus migrate` failed" in answer.stderr
    assert str(serving.var / "log" / "migrate.log") in answer.stderr
