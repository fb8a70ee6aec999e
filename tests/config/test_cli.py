from __future__ import annotations

import os
import subprocess
import sys

import pytest

OUR_VARIABLES = ("DATABASE_", "REDIS_URL", "SECRET_KEY", "DJANGO_", "NEXUS_")


def nexus(var, *words, **more):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(OUR_VARIABLES)}
    return subprocess.run(
        [sys.executable, "-m", "config", *words],
        env=kept | {"NEXUS_VAR": str(var)} | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_is_inspected_where_no_server_runs(tmp_path):
    export = tmp_path / "people.csv"
    export.write_text("First,Last\nAda,Example\n")

    answer = nexus(tmp_path / "var", "filemaker", "inspect", str(export), "--json")

    assert answer.returncode == 0, answer.stderr
    assert '"records": 1' in answer.stdout


def test_help_is_given_where_no_server_runs(tmp_path):
    answer = nexus(tmp_path / "var", "help")

    assert answer.returncode == 0, answer.stderr
    assert "isolation" in answer.stdout


@pytest.mark.parametrize("words", [("tenants", "list"), ("isolation", "check", "--json")])
def test_a_command_that_needs_the_servers_says_how_to_start_them(tmp_path, words):
    answer = nexus(tmp_path / "var", *words)

    assert answer.returncode == 1
    assert f"Nexus does not run from {tmp_path / 'var'}" in answer.stderr
    assert "make demo" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_variable_that_cannot_be_read_is_named_without_a_traceback(tmp_path):
    answer = nexus(tmp_path / "var", "tenants", "list", DATABASE_URL="db.example")

    assert answer.returncode == 1
    assert answer.stderr.startswith("nexus: ")
    assert "Traceback" not in answer.stderr
