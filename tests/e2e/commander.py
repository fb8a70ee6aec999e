"""A process with the whole program loaded, of which commands are forks: loading it takes seconds.

Run as a program it reads orders, a line of JSON each, and answers the exit status of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300


class Commander:
    """Runs `nexus` commands in an environment; the program is loaded at the first one."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def run(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        with self._lock, tempfile.TemporaryDirectory() as folder:
            files = [str(Path(folder, name)) for name in ("out", "err")]
            process = self._loaded()
            process.stdin.write(json.dumps({"words": words, "files": files}) + "\n")
            process.stdin.flush()
            over = threading.Timer(SECONDS, process.kill)
            over.start()
            status = process.stdout.readline()
            over.cancel()
            if not status:
                raise subprocess.TimeoutExpired(list(words), SECONDS)
            said = [Path(file).read_text(errors="replace") for file in files]
        return subprocess.CompletedProcess(["nexus", *words], int(status), *said)

    def _loaded(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__))],
                env=self._environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process

    def end(self) -> None:
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(timeout=30)
            self._process.stdout.close()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    answers = os.dup(1)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_obey(order["words"], order["files"]))
        _, status = os.waitpid(child, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _obey(words: list[str], files: list[str]) -> int:
    """Do one command as `nexus` does; in the fork."""
    from django.core.management import execute_from_command_line

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    try:
        execute_from_command_line(["nexus", *words])
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
