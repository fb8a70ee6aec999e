"""The whole of `nexus serve` with real processes: nothing here is imported, everything is run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from config.stack.listening import LOOPBACK, free_port, is_free


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


def test_an_interrupted_start_goes_on_and_ctrl_c_leaves_no_child_and_loses_nothing(serving):
    with serving.started(until="Migrating") as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 130

    with serving.started() as process:
        assert serving.get("/readyz") == (200, {"ok": True, "database": "ok", "queue": "ok"})
        made = serving.command("tenants", "--json", "create", "kept", "--name", "Kept Physio")
        assert made.returncode == 0, made.stderr
        children = descendants(process.pid)
        assert len(children) > 5

        process.send_signal(signal.SIGINT)

        assert process.wait(60) == 0
        assert still_there(children) == []
        assert all(is_free(port) for port in serving.ports.values())

    began = time.monotonic()
    with serving.started() as process:
        assert time.monotonic() - began < 60
        listed = json.loads(serving.command("tenants", "--json", "list").stdout)
        assert [row["subdomain"] for row in listed] == ["kept"]

        second = serving.command("serve")

        assert second.returncode == 1
        assert f"Nexus already runs from {serving.var} (process {process.pid})" in second.stderr
        assert process.poll() is None


def test_a_killed_supervisor_takes_its_children_along(serving):
    with serving.started() as process:
        children = descendants(process.pid)

        process.send_signal(signal.SIGKILL)

        assert process.wait(10) == -signal.SIGKILL
        assert still_there(children) == []

    with serving.started():
        assert serving.get("/healthz") == (200, {"ok": True})


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
