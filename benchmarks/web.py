"""A clinic's day over HTTP: the real web server, 16 people at once, the biggest clinic there is.

gunicorn runs as `nexus serve` starts it; there is no pooler, as there is none in that stack. Each
person has a session and a connection that is kept open. Every kind of request is measured alone:
by one person (the yardstick), by all of them without a pause (the machine is full, so the times are
queueing), and by all of them with a second between two clicks, which is still faster than people.
The load comes from the same machine and takes its share of the processors.

Usage: python benchmarks/web.py [patients] [visits] [seconds a measurement]
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import as_superuser, new_clinic, stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenants.models import Tenant

PEOPLE = 16
PAUSE = 1.0
TARGET = 200
HOST = "crowded.localhost"
TICKS = os.sysconf("SC_CLK_TCK")


def main(patients: int = 100_000, visits: int = 1_000_000, seconds: int = 6) -> None:
    from benchmarks.busy_clinic import fill

    with stage() as servers:
        clinic = new_clinic("Crowded")
        with as_superuser(servers, clinic) as raw:
            fill(raw, clinic, patients=patients, visits=visits)
        facts = _facts(clinic)
        with _served() as (port, pid):
            _measure(clinic, facts, port=port, web=pid, seconds=seconds)


@dataclass(frozen=True)
class Facts:
    """What the requests are made of."""

    patients: list[str]
    names: list[str]
    practitioners: list[str]
    locations: list[str]
    drafts: list[str]
    cookies: list[dict[str, str]]


def _facts(clinic: Tenant) -> Facts:
    from clinical.notes.models import Note
    from clinical.patients.models import Patient
    from clinical.practice.models import Location, Practitioner
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        chosen = list(Patient.objects.filter(number__lte=2000))
        people = [sign_in(f"person{n}@{HOST}.example") for n in range(PEOPLE)]
        drafts = [
            Note.objects.create(
                patient=chosen[n], author=person, state="draft", noted_at=datetime.now(UTC)
            )
            for n, (person, _cookies) in enumerate(people)
        ]
        return Facts(
            [str(patient.pk) for patient in chosen],
            [f"{patient.family_name} {patient.given_names[:3]}" for patient in chosen],
            [str(pk) for pk in Practitioner.objects.values_list("pk", flat=True)],
            [str(pk) for pk in Location.objects.values_list("pk", flat=True)],
            [str(draft.pk) for draft in drafts],
            [cookies for _person, cookies in people],
        )


def sign_in(email: str) -> tuple[Any, dict[str, str]]:
    """Sign a new clinician in, who has proved a second factor."""
    from django.conf import settings
    from django.contrib import auth
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accounts.models import User
    from accounts.sessions import SessionStore

    person = User.objects.create(email=email, name=email.partition("@")[0], role="clinician")
    device = TOTPDevice.objects.create(user=person, name="default")
    session = SessionStore()
    session[auth.SESSION_KEY] = str(person.pk)
    session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[auth.HASH_SESSION_KEY] = person.get_session_auth_hash()
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    token = secrets.token_hex(16)
    return person, {
        settings.SESSION_COOKIE_NAME: str(session.session_key),
        settings.CSRF_COOKIE_NAME: token,
    }


# ── the web server ───────────────────────────────────────────────────────────────────────────────


class _served:  # noqa: N801 - used as a function
    """The web server as the stack starts it, until the block ends."""

    def __init__(self) -> None:
        self.var = Path(os.environ["NEXUS_VAR"])

    def __enter__(self) -> tuple[int, int]:
        from config.serve import web_command
        from config.stack import listening

        environment = {k: v for k, v in os.environ.items() if k != "DATABASE_OWNER_URL"}
        subprocess.run(
            [sys.executable, "-m", "config", "collectstatic", "--noinput"],
            check=True, capture_output=True, cwd=ROOT,
        )  # fmt: skip
        port = listening.free_port()
        with (self.var / "web.log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in web_command(port)],
                env=environment, cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        self._wait(port)
        return port, self.process.pid

    def _wait(self, port: int) -> None:
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz", headers={"Host": f"localhost:{port}"})
                if connection.getresponse().status == http.client.OK:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit((self.var / "web.log").read_text()[-3000:])

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def _processor_seconds(web: int) -> tuple[float, float]:
    """Answer what the web server's processes and all of PostgreSQL's have used so far."""
    used = {"web": 0.0, "database": 0.0}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue
        name, fields = text[text.index("(") + 1 :].rsplit(")", 1)
        values = fields.split()
        ours = int(folder.name) == web or int(values[1]) == web
        is_database = name == "postgres" and _port() in (folder / "cmdline").read_text() + _line(
            values[1]
        )
        if ours or is_database:
            # With those of children that have ended, so that nothing used is lost.
            used["web" if ours else "database"] += sum(map(int, values[11:15])) / TICKS
    return used["web"], used["database"]


def _line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _port() -> str:
    return str(urlsplit(os.environ["DATABASE_URL"]).port)


# ── the requests ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Person:
    """Somebody at a screen: a connection, cookies, dice, and a draft of their own."""

    port: int
    number: int
    facts: Facts
    chance: random.Random
    revision: int = 0
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = self.facts.cookies[self.number]
        self.headers = {
            "Host": f"{HOST}:{self.port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": list(cookies.values())[1],
        }

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        body = urlencode(form) if form is not None else None
        sent = {**self.headers, **headers}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        for last_try in (False, True):
            try:
                self.connection.request("POST" if body is not None else "GET", path, body, sent)
                answer = self.connection.getresponse()
                return answer.status, answer.read().decode()
            except (http.client.HTTPException, OSError):
                self.connection.close()  # the server ends connections that rest
                if last_try:
                    raise
        raise AssertionError

    def any(self, of: list[str]) -> str:
        return self.chance.choice(of)


def _search(person: Person) -> int:
    return person.ask("/patients/find/", {"q": person.any(person.facts.names)})[0]


def _patient(person: Person) -> int:
    return person.ask(f"/patients/{person.any(person.facts.patients)}/")[0]


def _patient_list(person: Person) -> int:
    query = {"location": person.any(person.facts.locations), "sort": "next"}
    return person.ask(f"/patients/?{urlencode(query)}")[0]


def _day_in(person: Person) -> str:
    day = datetime.now(UTC) + timedelta(days=person.chance.randint(-40, 20))
    return f"{day:%Y-%m-%d}"


def _day(person: Person) -> int:
    location = person.any(person.facts.locations)
    return person.ask(f"/appointments/?date={_day_in(person)}&location={location}")[0]


def _whole_day(person: Person) -> int:
    return person.ask(f"/appointments/?date={_day_in(person)}")[0]


def _feed(person: Person) -> int:
    day = _day_in(person)
    query = {"date": day, "until": day, "location": person.any(person.facts.locations)}
    return person.ask(f"/appointments/diary/feed/?{urlencode(query)}")[0]


def _book(person: Person) -> int:
    day = datetime.now(UTC) + timedelta(days=person.chance.randint(100, 700))
    form = {
        "patient": person.any(person.facts.patients),
        "practitioner": person.any(person.facts.practitioners),
        "location": person.any(person.facts.locations),
        "date": f"{day:%Y-%m-%d}",
        "time": f"{person.chance.randint(8, 17):02}:{person.chance.randint(0, 59):02}",
        "minutes": "20",
        "may_clash": "on",
    }
    return person.ask("/appointments/new/", form)[0]


def _write(person: Person) -> int:
    path = f"/notes/{person.facts.drafts[person.number]}/edit/"
    form = {"revision": str(person.revision), "title": "Progress", "heading": "Plan",
            "text": "Go on with the exercises. " * person.chance.randint(5, 40)}  # fmt: skip
    status, body = person.ask(path, form, Accept="application/json")
    if status == http.client.OK:
        person.revision = json.loads(body)["revision"]
    return status


def _bare(person: Person) -> int:
    return person.ask("/healthz")[0]


KINDS: dict[str, tuple[Callable[[Person], int], int]] = {
    "nothing (/healthz)": (_bare, 200),
    "search a patient": (_search, 200),
    "patient page": (_patient, 200),
    "patient list, filtered": (_patient_list, 200),
    "day view, one location": (_day, 200),
    "day view, all 300": (_whole_day, 200),
    "diary feed": (_feed, 200),
    "book a visit": (_book, 302),
    "save a note": (_write, 200),
}


# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def _measure(clinic: Tenant, facts: Facts, *, port: int, web: int, seconds: int) -> None:
    people = [Person(port, n, facts, random.Random(n)) for n in range(PEOPLE)]
    for _ in range(3):
        for ask, _expected in KINDS.values():
            _at_once(people, ask, for_seconds=0.3)
    print(
        f"\n{os.cpu_count()} processors (load {os.getloadavg()[0]:.1f} before), {PEOPLE} people; "
        f"milliseconds, {seconds} s each. Target: p95 under {TARGET} ms with people at work.\n"
    )
    print(f"{'':<24}{'queries':>8}{'one':>8}{'— at work —':>16}{'— flat out —':>24}"
          f"{'processor ms':>16}")  # fmt: skip
    print(f"{'':<24}{'':>8}{'p50':>8}{'p50':>8}{'p95':>8}{'p50':>8}{'p95':>8}{'/ s':>8}"
          f"{'web':>8}{'db':>8}")  # fmt: skip
    slow = []
    for name, (ask, expected) in KINDS.items():
        alone = _at_once(people[:1], ask, for_seconds=seconds / 2, expected=expected)
        paced = _at_once(people, ask, for_seconds=seconds, pause=PAUSE, expected=expected)
        before = _processor_seconds(web)
        full = _at_once(people, ask, for_seconds=seconds, expected=expected)
        spent = [b - a for a, b in zip(before, _processor_seconds(web), strict=True)]
        each = [1000 * one / len(full) for one in spent]
        queries = _queries(clinic, facts, ask)
        print(
            f"{name:<24}{queries:>8}{_middle(alone):>8.1f}{_middle(paced):>8.1f}{_p95(paced):>8.1f}"
            f"{_middle(full):>8.1f}{_p95(full):>8.1f}{len(full) / seconds:>8.0f}"
            f"{each[0]:>8.1f}{each[1]:>8.1f}"
        )
        if _p95(paced) > TARGET:
            slow.append(name)
    print(f"\nOver {TARGET} ms with people at work: {', '.join(slow) or 'nothing'}.")


def _at_once(
    people: list[Person],
    ask: Callable[[Person], int],
    *,
    for_seconds: float,
    pause: float = 0,
    expected: int | None = None,
) -> list[float]:
    """Let everybody ask until the time is up; answers how long each request took, in ms."""
    end = time.perf_counter() + for_seconds
    taken: list[float] = []
    wrong: list[int] = []

    def work(person: Person) -> None:
        if pause:
            time.sleep(person.chance.random() * pause)
        while time.perf_counter() < end:
            started = time.perf_counter()
            status = ask(person)
            taken.append((time.perf_counter() - started) * 1000)
            if expected not in {None, status}:
                wrong.append(status)
            if pause:
                time.sleep(pause)

    threads = [threading.Thread(target=work, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"{ask.__name__}: {len(wrong)} of {len(taken)} answered {set(wrong)}")
    return taken


def _queries(clinic: Tenant, facts: Facts, ask: Callable[[Person], int]) -> int:
    """Count what one request asks the database, by Django's own client in this process."""
    from django.db import connections
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from clinical.notes.models import Note
    from tenants.scope import tenant_scope

    class Inside(Person):
        def __post_init__(self) -> None:
            self.client = Client(headers={"host": clinic.host})
            for name, value in facts.cookies[self.number].items():
                self.client.cookies[name] = value

        def ask(
            self, path: str, form: dict[str, str] | None = None, **headers: str
        ) -> tuple[int, str]:
            self.client.defaults.update({f"HTTP_{k.upper()}": v for k, v in headers.items()})
            answer: Any = self.client.get(path) if form is None else self.client.post(path, form)
            return answer.status_code, answer.content.decode()

    with tenant_scope(clinic):
        revision = Note.objects.get(pk=facts.drafts[0]).revision
    person = Inside(0, 0, facts, random.Random(1), revision)
    ask(person)
    with CaptureQueriesContext(connections["default"]) as captured:
        ask(person)
    return sum(not re.match(r"SAVEPOINT|RELEASE", query["sql"]) for query in captured)


def _middle(taken: list[float]) -> float:
    return statistics.median(taken)


def _p95(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)]


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
