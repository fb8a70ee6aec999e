from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from config.stack.children import ChildFailedError, is_alive, spawn, wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    textwrap.dedent("""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid, flush=True)
        time.sleep(60)
    """),
]


def gone(pid, seconds=5.0):
    deadline = time.monotonic() + seconds
    while is_alive(pid) and not zombie(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid) or zombie(pid)


def zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def test_a_stopped_child_is_gone(tmp_path):
    child = spawn("Sleeper", SLEEPER, log=tmp_path / "log")

    child.stop()

    assert child.process.returncode == -signal.SIGTERM


def test_a_child_that_ignores_the_request_is_killed_with_its_own_children(tmp_path):
    log = tmp_path / "log"
    child = spawn("Stubborn", STUBBORN, log=log, patience=0.3)
    wait_until(lambda: log.read_text().strip().isdigit(), child, seconds=10)

    child.stop()

    assert child.process.returncode == -signal.SIGKILL
    assert gone(int(log.read_text()))


def test_a_child_that_ends_early_is_reported_with_the_end_of_its_log(tmp_path):
    failing = [sys.executable, "-c", "import sys; sys.exit('no such table')"]
    child = spawn("Failing", failing, log=tmp_path / "log")

    with pytest.raises(ChildFailedError, match=r"(?s)Failing ended with status 1.*no such table"):
        wait_until(lambda: False, child, seconds=10)


def test_a_child_that_never_answers_is_reported(tmp_path):
    child = spawn("Sleeper", SLEEPER, log=tmp_path / "log")
    try:
        with pytest.raises(ChildFailedError, match="Sleeper did not answer within 0 s"):
            wait_until(lambda: False, child, seconds=0.1)
    finally:
        child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path):
    program = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from config.stack.children import spawn
        child = spawn("Sleeper", {SLEEPER!r}, log=Path({str(tmp_path / "log")!r}))
        print(child.pid, flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as parent:
        orphan = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)

    assert gone(orphan)


ASKED_AMID_A_FORK = """
import os, signal, sys
from pathlib import Path
from config.stack.children import spawn
from config.stack.supervisor import StopRequested, stopping_on_signals

os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
with stopping_on_signals():
    try:
        spawn("Sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], log=Path(sys.argv[1]))
    except StopRequested:
        sys.exit(130)
"""


def test_who_asks_for_an_end_amid_a_fork_is_heard(tmp_path):
    asked = subprocess.run(
        [sys.executable, "-c", ASKED_AMID_A_FORK, str(tmp_path / "log")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (asked.returncode, asked.stderr) == (130, "")


def test_a_child_hears_signals_as_its_parent_does(tmp_path):
    told = [sys.executable, "-c", "import signal; print(signal.pthread_sigmask(0, []))"]

    child = spawn("Told", told, log=tmp_path / "log")

    assert child.process.wait(30) == 0
    assert (tmp_path / "log").read_text() == "set()\n"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
