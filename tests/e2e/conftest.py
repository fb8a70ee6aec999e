"""The whole platform as it runs: gunicorn, a worker, PostgreSQL, Valkey, and a real browser.

Each pytest worker has a platform of its own, on a database copied from the suite's blueprint.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest

from tests.e2e.commander import Commander
from tests.ui.browser import chromium_path

ROOT = Path(__file__).resolve().parents[2]
VENDORS = ("google", "twilio", "xero")
"""Ports are kept for them; the test that wants one starts it there."""
GOOGLE_CLIENT = "nexus.apps.googleusercontent.com:throw-away"
XERO_WEBHOOK_KEY = "webhooks-of-the-e2e-tests"


@dataclass(frozen=True)
class Platform:
    """Where the platform answers, the environment of its commands, and where it looks for vendors."""

    port: int
    environment: dict[str, str]
    vendors: dict[str, int]
    commander: Commander

    def url(self, subdomain: str = "", path: str = "/") -> str:
        host = f"{subdomain}.localhost" if subdomain else "localhost"
        return f"http://{host}:{self.port}{path}"

    def mailed_link(self, to: str, path: str) -> str:
        """Answer the address below `path` in the newest mail to somebody, once it is there."""
        for _ in range(200):
            folder = Path(self.environment["NEXUS_VAR"]) / "mail"
            for file in sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime)[::-1]:
                letter = message_from_bytes(file.read_bytes())
                text = next(part for part in letter.walk() if not part.is_multipart())
                body = text.get_payload(decode=True).decode()
                found = re.search(rf"http://\S*{re.escape(path)}\S*", body)
                if to in str(letter["To"]) and found:
                    return found.group(0)
            time.sleep(0.1)
        raise AssertionError(f"no mail to {to} with a link to {path} came in 20 s")

    def nexus(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `nexus` command beside the running platform."""
        return self.commander.run(words)


@pytest.fixture(scope="session")
def platform(django_db_setup, tmp_path_factory):
    chromium_path()
    name = f"nexus_e2e_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
    with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], autocommit=True) as raw:
        raw.execute(f'CREATE DATABASE "{name}" TEMPLATE nexus_blueprint STRATEGY file_copy')
        raw.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        raw.execute(
            f'GRANT CONNECT ON DATABASE "{name}" '
            "TO nexus_owner, nexus_app, nexus_platform, nexus_backup"
        )
        raw.execute(f'GRANT CREATE ON DATABASE "{name}" TO nexus_owner')
    folder = tmp_path_factory.mktemp("platform")
    (folder / "static").mkdir()
    port, events_port, *vendor_ports = _free_ports(2 + len(VENDORS))
    vendors = dict(zip(VENDORS, vendor_ports, strict=True))
    environment = {
        **os.environ,
        **{
            variable: f"{os.environ[variable].rsplit('/', 1)[0]}/{name}"
            for variable in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")
        },
        "REDIS_URL": f"{os.environ['REDIS_URL'].rsplit('/', 1)[0]}/{_redis_index()}",
        "NEXUS_VAR": str(folder),
        "NEXUS_PORT": str(port),
        "NEXUS_EVENTS_PORT": str(events_port),
        # Of the two clinics one may read a FileMaker Server on the loopback.
        "NEXUS_PRIVATE_NETWORKS": "beta=127.0.0.0/8,beta=::1/128",
        "NEXUS_VENDOR_URLS": json.dumps(_vendor_urls(vendors)),
        "NEXUS_GOOGLE_CLIENT": GOOGLE_CLIENT,
        "NEXUS_XERO_CLIENT": "nexus-at-xero:throw-away",
        "NEXUS_XERO_WEBHOOK_KEY": XERO_WEBHOOK_KEY,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }
    environment.pop("DATABASE_ADMIN_URL", None)
    environment["NEXUS_DEBUG"] = "0"  # as it runs for real: hashed static files, plain error pages
    started = Platform(port, environment, vendors, Commander(environment))
    collected = started.nexus("collectstatic", "--noinput")
    assert collected.returncode == 0, collected.stderr
    processes = [
        _start(folder, environment, "web", _web(port)),
        _start(folder, environment, "worker", _worker()),
        _start(folder, environment, "events", [sys.executable, "-m", "config", "events"]),
    ]
    try:
        _wait_until_ready(started, processes, folder)
        yield started
    finally:
        started.commander.end()
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def _vendor_urls(vendors: dict[str, int]) -> dict[str, str]:
    google, twilio, xero = (f"http://127.0.0.1:{vendors[name]}" for name in VENDORS)
    return {
        "google.authorize": f"{google}/o/oauth2/v2/auth",
        "google.token": f"{google}/oauth2/token",
        "google.revoke": f"{google}/oauth2/revoke",
        "google.certs": f"{google}/oauth2/v3/certs",
        "google.person": f"{google}/oauth2/v2/userinfo",
        "google.issuer": google,
        "google.api": google,
        "twilio.api": twilio,
        "xero.api": xero,
        "xero.login": f"{xero}/identity/connect/authorize",
        "xero.token": f"{xero}/connect/token",
        "xero.revoke": f"{xero}/connect/revocation",
    }


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _redis_index() -> int:
    return int(os.environ["REDIS_URL"].rsplit("/", 1)[1]) + 8


def _web(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "config.wsgi:application", "--no-control-socket"),
        *("--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "6"),
        *("--worker-class", "gthread", "--timeout", "120"),
    ]


def _worker() -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "config.celery:app", "worker"),
        *("--concurrency", "1", "--loglevel", "INFO", "--hostname", f"e2e-{os.getpid()}@%h"),
    ]


def _start(folder: Path, environment: dict[str, str], name: str, command: list[str]):
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)


def _wait_until_ready(platform: Platform, processes: list, folder: Path) -> None:
    for _ in range(300):
        if any(process.poll() is not None for process in processes):
            logs = "\n".join(path.read_text()[-3000:] for path in folder.glob("*.log"))
            pytest.fail(f"the platform did not start:\n{logs}")
        try:
            with urlopen(platform.url(path="/readyz"), timeout=2) as answer:  # noqa: S310 - our own
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail("the platform did not become ready in 30 s")


@pytest.fixture
def page(browser, request):
    """A fresh browser profile at desktop size; a script error or a policy violation fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-AU")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            complaints.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    yield opened
    if keep := os.environ.get("NEXUS_E2E_KEEP"):  # a folder for looking at what a test last saw
        opened.screenshot(path=f"{keep}/{request.node.name}.png", full_page=True)
    context.close()
    assert complaints == []
