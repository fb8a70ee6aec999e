"""`make demo` from an interrupted start to the second one."""

from __future__ import annotations

import json
import signal


def test_an_interrupted_import_is_done_anew_and_the_next_start_has_it_all(serving):
    with serving.started("demo", until="Importing") as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    with serving.started("demo"):
        said = serving.said.read_text()
        assert "owner@alpha.example" in said
        assert "operator@example.com" in said
        report = json.loads((serving.var / "demo" / "import.json").read_text())
        assert report["holds"]
        assert serving.command("isolation", "check", "--json").returncode == 0
        password = json.loads((serving.var / "demo" / "logins.json").read_text())[0]["password"]
        assert f"Password for all of them: {password}" in said

    with serving.started("demo"):
        assert "Imported at an earlier start." in serving.said.read_text()
        code = serving.command("demo", "code")
        assert f"Password for all of them: {password}" in code.stdout
