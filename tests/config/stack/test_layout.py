from __future__ import annotations

import os
import subprocess
import sys

import pytest

from config.stack import layout
from config.stack.layout import AlreadyRunningError, DiskFullError, ForeignDirectoryError, Layout


@pytest.fixture
def here(tmp_path):
    prepared = Layout(tmp_path / "var")
    prepared.prepare()
    return prepared


def test_a_second_start_is_told_who_runs_already(here):
    with (
        here.running(),
        pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"),
        here.running(),
    ):
        pass


def test_a_process_that_was_killed_holds_nothing(here):
    program = (
        "import os, signal; from pathlib import Path; from config.stack.layout import Layout\n"
        f"with Layout(Path({str(here.var)!r})).running(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)

    with here.running():
        pass


def test_a_full_disk_is_reported_with_path_and_numbers(here, monkeypatch):
    monkeypatch.setattr(layout, "FIRST_START_BYTES", 10**18)

    with pytest.raises(DiskFullError) as caught:
        here.require_room()

    assert str(here.var) in str(caught.value)
    assert "GB free and a start needs 1000000000.0 GB" in str(caught.value)
    assert "NEXUS_VAR=" in str(caught.value)


def test_erasing_removes_everything(here):
    (here.var / "files").mkdir()

    here.erase()

    assert not here.var.exists()


def test_a_directory_that_is_not_ours_is_never_erased(tmp_path):
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(ForeignDirectoryError, match="left alone"):
        Layout(tmp_path).erase()

    assert (tmp_path / "thesis.txt").exists()


def test_a_running_installation_is_not_erased(here):
    with here.running(), pytest.raises(AlreadyRunningError):
        here.erase()

    assert here.var.exists()
