"""From a commit to a browser through real servers, and what is told when one of them goes away."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from clinical.appointments.models import Appointment
from config.stack import supervisor, valkey
from config.stack.listening import free_port
from tenants.scope import tenant_scope

ROOT = Path(__file__).resolve().parents[2]
NINE = datetime(2027, 3, 8, 22, tzinfo=UTC)


class Reader:
    """A browser's side of one stream."""

    def __init__(self, port: int, host: str, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.request(
            "GET",
            "/events/",
            headers={"Host": host, "Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"},
        )
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        self.lines: list[str] = []
        self.has_ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._answer:
                self.lines.append(line.decode().strip())
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            self._answer.close()
            self._connection.close()
            self.has_ended.set()

    def waits_for(self, words: str, *, after: int = 0, seconds: float = 8) -> int:
        """Answer how many lines there were when the words came."""
        deadline = time.monotonic() + seconds
        while not any(words in line for line in self.lines[after:]):
            assert time.monotonic() < deadline, (words, self.lines)
            assert not self.has_ended.is_set(), self.lines
            time.sleep(0.01)
        return len(self.lines)


class EventServer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.valkey_port = free_port(), free_port()
        self.start_valkey()
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config", "events", "--port", str(self.port)],
                env={
                    **os.environ,
                    "REDIS_URL": self.valkey.url,
                    "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
                },
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self._until_it_answers()

    def start_valkey(self) -> None:
        self.valkey = valkey.start(
            self.folder / "valkey", port=self.valkey_port, password="x" * 20,
            log=self.folder / "valkey.log", throwaway=True,
        )  # fmt: skip

    def _until_it_answers(self) -> None:
        for _ in range(400):
            assert self.process.poll() is None, (self.folder / "log").read_text()
            if supervisor.is_ready(self.port, "localhost", "/healthz"):
                return
            time.sleep(0.05)
        pytest.fail("the event server did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)
        self.valkey.stop()


@pytest.fixture
def server(tmp_path, committed):
    started = EventServer(tmp_path)
    yield started
    started.stop()


def book(clinic) -> None:
    with tenant_scope(clinic):
        Appointment.objects.create(starts_at=NINE, ends_at=NINE + timedelta(hours=1))


def test_a_booking_reaches_its_clinics_streams_and_outlives_what_breaks(
    server, alpha, beta, sign_in, superuser
):
    def reader(clinic):
        key = sign_in(clinic, "reception").cookies[settings.SESSION_COOKIE_NAME].value
        return Reader(server.port, clinic.host, key)

    here, there = reader(alpha), reader(beta)
    here.waits_for('"live": true' if '"live": true' in str(here.lines) else "look")
    there.waits_for("data:")
    began = time.monotonic()

    book(alpha)
    seen = here.waits_for('"from": "2027-03-08"')
    assert time.monotonic() - began < 2

    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'nexus-events' AND datname = current_database()"
    )
    seen = here.waits_for("event: paused", after=seen)
    seen = here.waits_for("event: look", after=seen)
    book(alpha)
    seen = here.waits_for('"from": "2027-03-08"', after=seen)

    server.valkey.stop()
    seen = here.waits_for("event: paused", after=seen)
    book(alpha)  # is told to nobody, and made good by the look that follows
    server.start_valkey()
    seen = here.waits_for("event: look", after=seen, seconds=12)
    book(alpha)
    here.waits_for('"from": "2027-03-08"', after=seen)

    book(beta)
    there.waits_for('"from": "2027-03-08"')
    assert sum('"topic"' in line and "from" in line for line in there.lines) == 1

    server.process.terminate()
    assert here.has_ended.wait(5)
    assert there.has_ended.wait(5)
    assert server.process.wait(10) in {0, -15}
    assert "Traceback" not in (server.folder / "log").read_text()
