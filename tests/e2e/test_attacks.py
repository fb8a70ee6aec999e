"""The running platform under attack: hostile text on every page, odd requests on the wire, the logs."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from onboarding.filemaker.fmp.writer import Field, FmpWriter, Record, Solution, Table
from tests.e2e.walk import PASSWORD, SECRET, sign_in

pytestmark = pytest.mark.e2e

CANARY = "Zebedee-Quillfeather"
CANARY_PHONE = "0491570156"
SHEET = "/appointments/diary/sheet/"
SEEDS = (
    "\"'><svg onload=window.__xss=1>",
    "</script></style></textarea><img src=x onerror=window.__xss=2>",
    "javascript:window.__xss=3//",
    "{{constructor.constructor('window.__xss=4')()}}${window.__xss=5}",
)
SEED = SEEDS[0] + SEEDS[1]
OWNERS = ("rosa", "rosalind", "rosemary", "rosie")
"""A code is good once for each, so every test signs in as another."""
HOSTILE = f"""
import json
from datetime import timedelta
from django.utils import timezone
from accounts.models import Session, User
from accounts.services import ensure_user
from clinical.appointments.models import Appointment
from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier
from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
from tenants.lifecycle import create_tenant
from tenants.scope import Actor, tenant_scope
from audit.services import record
SEEDS = json.loads({json.dumps(json.dumps(SEEDS))})
SEED = SEEDS[0] + SEEDS[1]
clinic = create_tenant(name=SEEDS[0] + " Clinic", subdomain="thorn")
now = timezone.now()
with tenant_scope(clinic, actor=Actor(id="7", label=SEED)):
    for person in {OWNERS!r}:
        owner = ensure_user(email=f"{{person}}@thorn.example", name=SEEDS[0] + " Rose", role="owner",
                            password="{PASSWORD}", totp_secret="{SECRET}")
    for index, seed in enumerate(SEEDS):
        user = User.objects.create(email=f"x{{index}}@thorn.example", name=seed, role="clinician")
        User.objects.create(email=f"i{{index}}@thorn.example", name=seed, role="reception",
                            invited_at=now)
        Session.objects.create(key_digest=str(index) * 64, user=owner, data="", user_agent=seed,
                               created_at=now, last_seen_at=now, expires_at=now + timedelta(hours=9))
        place = Location.objects.create(name=seed, short_name=seed[:20], address=seed, phone=seed[:30])
        who = Practitioner.objects.create(name=seed, discipline=seed, user=user)
        kind = AppointmentType.objects.create(name=seed, duration_minutes=30)
        fund = FundingType.objects.create(name=seed)
        patient = Patient.objects.create(
            title=seed[:20], given_names=seed, family_name=seed, preferred_name=seed,
            former_names=seed, gender=seed, pronouns=seed, coordinator_name=seed, alerts=seed,
            notes=seed, location=place, funding_type=fund, extra={{seed: seed}})
        ContactPoint.objects.create(patient=patient, kind="email", value=seed, label=seed)
        Address.objects.create(patient=patient, lines=seed, suburb=seed, state=seed, postcode=seed[:12],
                               country=seed)
        PatientIdentifier.objects.create(patient=patient, kind="other", value=seed, label=seed)
        Appointment.objects.create(
            patient=patient, location=place, practitioner=who, appointment_type=kind,
            starts_at=now + timedelta(hours=index), ends_at=now + timedelta(hours=index, minutes=30),
            notes=seed, source_note=seed, cancel_reason=seed, extra={{seed: seed}})
        record(seed, object_type=seed, object_id=seed, subject_id=str(patient.pk), result=seed,
               payload={{seed: seed, "before": {{"notes": ""}}, "after": {{"notes": seed}}}})
    canary = Patient.objects.create(given_names="Zed", family_name="{CANARY}")
    ContactPoint.objects.create(patient=canary, kind="mobile", value="{CANARY_PHONE}")
"""


@pytest.fixture(scope="module")
def thorn(platform, tmp_path_factory):
    """A clinic in which everything that can be named is named to do harm, an import too."""
    made = platform.nexus("shell", "--no-imports", "-c", HOSTILE)
    assert made.returncode == 0, made.stderr[-2000:]
    path = tmp_path_factory.mktemp("hostile") / "x'><svg onload=window.__xss=6>.fmp12"
    names = ("First Name", "Surname", "Notes", SEEDS[0], SEEDS[3])
    fields = tuple(Field(number, name) for number, name in enumerate(names, start=1))
    table = Table(129, f"Patients {SEEDS[1]}", fields)
    with FmpWriter(path, Solution(tables=(table,))) as fmp:
        fmp.write_records(
            table.name,
            [Record(row, dict.fromkeys(names, f"{SEED} {row}")) for row in range(1, 30)],
        )
    loaded = platform.nexus("filemaker", "import", str(path), "--tenant", "thorn", "--json")
    assert "holds" in loaded.stdout, loaded.stdout[-500:] + loaded.stderr[-2000:]
    return platform


def _sign_in(page, platform, person):
    sign_in(page, platform.url("thorn", "/patients/"), f"{person}@thorn.example")
    page.get_by_role("heading", name="Patients").first.wait_for()


def _pattern(url: str) -> str:
    """Answer what kind of page it is: pages that differ by id or query only are looked at once."""
    return re.sub(r"[0-9a-f-]{36}|\d+", "N", urlsplit(url).path)


def _is_file(url: str) -> bool:
    return urlsplit(url).path.endswith(
        (".csv", ".xlsx", ".pdf", ".zip", "/file/", "/patients/export/")
    )


def test_hostile_text_is_text_on_every_page(thorn, page):
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    _sign_in(page, thorn, "rosa")
    host = urlsplit(page.url).netloc
    pending, seen, kinds, told = [page.url, thorn.url("thorn", "/account/")], set(), {}, set()

    while pending:
        url = pending.pop(0)
        kind = _pattern(url)
        if url in seen or kind in kinds or "logout" in url or _is_file(url):
            continue
        seen.add(url)
        kinds[kind] = kinds.get(kind, 0) + 1
        if urlsplit(url).path == SHEET:  # a PDF: not every browser shows one as a page
            assert page.evaluate("url => fetch(url).then(answer => answer.status)", url) < 500, url
            continue
        answer = page.goto(url, wait_until="load")
        assert answer.status < 500, url
        assert page.evaluate("window.__xss") is None, url
        assert page.locator("svg[onload], img[onerror]").count() == 0, url
        if "window.__xss" in page.locator("body").inner_text():
            told.add(kind)
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        assert not [link for link in links if link.startswith(("javascript:", "data:"))], url
        pending += [link.partition("#")[0] for link in links if urlsplit(link).netloc == host]

    assert dialogs == []
    assert len(told) >= 12, "the hostile text is to be seen, or it was not tried"
    assert {"/patients/", "/patients/N/", "/appointments/", "/appointments/N/", "/audit/",
            "/staff/", "/staff/N/", "/account/", "/settings/data/import/",
            "/settings/data/import/N/", "/settings/practice/locations/"} <= kinds.keys()  # fmt: skip


def test_hostile_text_is_text_in_what_scripts_put_on_the_page(thorn, page):
    _sign_in(page, thorn, "rosalind")
    page.goto(thorn.url("thorn", "/patients/"))
    for typed in ("svg onload", CANARY, "<img src=x onerror=window.__xss=7>"):
        box = page.get_by_role("searchbox").first
        box.fill(typed)
        page.wait_for_timeout(700)
        assert page.evaluate("window.__xss") is None
    page.goto(thorn.url("thorn", "/account/"))
    page.get_by_label("Name").fill(f"{SEEDS[1]} Rose")
    page.get_by_role("button", name=re.compile("Save|Change")).first.click()
    page.wait_for_timeout(500)
    assert page.evaluate("window.__xss") is None
    assert page.locator("svg[onload], img[onerror]").count() == 0


def test_nothing_is_left_in_the_browser_after_signing_out(thorn, page):
    _sign_in(page, thorn, "rosemary")
    page.goto(thorn.url("thorn", "/patients/"))
    page.evaluate("document.querySelector('form[action=\"/logout/\"]').requestSubmit()")
    # Chromium asks for the page again where its worker went with the storage: no one navigation to wait for
    page.get_by_label("E-mail address").wait_for()
    assert urlsplit(page.url).path == "/login/"

    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert CANARY not in kept
    assert "onload" not in kept
    page.go_back()
    assert CANARY not in page.content()
    kept = page.evaluate("caches.keys()")
    assert [name for name in kept if not name.startswith("nexus-static-")] == []


# ── on the wire ──────────────────────────────────────────────────────────────────────────────────


def _exchange(platform, request: str) -> str:
    with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as wire:
        wire.sendall(request.encode("latin-1"))
        wire.settimeout(5)
        answer = b""
        try:
            while block := wire.recv(65536):
                answer += block
        except TimeoutError:
            pass
    return answer.decode("latin-1")


def _get(platform, line: str, *headers: str) -> str:
    return _exchange(platform, "\r\n".join([line, *headers, "Connection: close", "", ""]))


def _status(answer: str) -> int:
    return int(answer.split(" ", 2)[1]) if answer.startswith("HTTP/1") else 0


def test_an_absolute_address_does_not_outvote_the_host(platform):
    answer = _get(platform, "GET http://beta.localhost/login/ HTTP/1.1", "Host: alpha.localhost")

    assert "Beta Podiatry" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        ["Host: alpha.localhost", "Host: beta.localhost"],
        ["Host: alpha.localhost, beta.localhost"],
        ["Host: alpha.localhost:8000@beta.localhost"],
        ["Host: beta.localhost#.alpha.localhost"],
        [" Host: beta.localhost", "Host: alpha.localhost"],
        ["Host : beta.localhost", "Host: alpha.localhost"],
    ],
    ids=str,
)
def test_a_host_that_is_two_hosts_is_refused(platform, headers):
    answer = _get(platform, "GET /login/ HTTP/1.1", *headers)

    assert _status(answer) in {0, 400}
    assert "Beta Podiatry" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 6\r\nContent-Length: 7",
        "Content-Length: +6",
        "Content-Length: 0x6",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
    ],
    ids=ascii,
)
def test_a_request_of_two_lengths_hides_no_second_one(platform, headers):
    answer = _exchange(
        platform,
        f"POST /login/ HTTP/1.1\r\nHost: alpha.localhost\r\n{headers}\r\n\r\n0\r\n\r\n"
        "GET /healthz HTTP/1.1\r\nHost: alpha.localhost\r\nConnection: close\r\n\r\n",
    )

    assert _status(answer) in {0, 400, 403, 501}
    assert '"ok": true' not in answer.partition("\r\n\r\n")[2] or answer.count("HTTP/1.1") == 1


def test_every_kind_of_answer_is_dressed_on_the_wire_too(platform):
    login = _get(platform, "GET /login/ HTTP/1.1", "Host: alpha.localhost")
    asset = re.search(r'(?:href|src)="(/static/[^"]+)"', login)[1]
    answers = {
        "page": login,
        "redirect": _get(platform, "GET /patients/ HTTP/1.1", "Host: alpha.localhost"),
        "unknown page": _get(platform, "GET /nothing HTTP/1.1", "Host: alpha.localhost"),
        "unknown clinic": _get(platform, "GET / HTTP/1.1", "Host: nosuch.localhost"),
        "foreign host": _get(platform, "GET / HTTP/1.1", "Host: evil.example"),
        "static": _get(platform, f"GET {asset} HTTP/1.1", "Host: alpha.localhost"),
        "health": _get(platform, "GET /healthz HTTP/1.1", "Host: alpha.localhost"),
        "forged": _get(platform, "POST /login/ HTTP/1.1", "Host: alpha.localhost"),
        "trace": _get(platform, "TRACE /login/ HTTP/1.1", "Host: alpha.localhost", "X-Probe: 1"),
    }

    for kind, answer in answers.items():
        head, _, body = answer.partition("\r\n\r\n")
        told = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        assert told["X-Content-Type-Options"] == "nosniff", kind
        assert told["X-Frame-Options"] == "DENY", kind
        assert "frame-ancestors 'none'" in told["Content-Security-Policy"], kind
        assert "unsafe" not in told["Content-Security-Policy"], kind
        assert not re.search(r"gunicorn/|Python/|Django", head), kind
        assert "X-Probe" not in body, kind
        for line in head.split("\r\n"):
            if line.lower().startswith("set-cookie:"):
                assert re.match(r"Set-Cookie:\s+__Host-", line, re.IGNORECASE), line
                assert re.search("; Secure", line), line
                assert re.search("; HttpOnly", line), line
                assert "domain=" not in line.lower(), line
    statuses = {kind: _status(answer) for kind, answer in answers.items()}
    assert statuses == statuses | {"page": 200, "redirect": 302, "unknown page": 404,
                                   "unknown clinic": 404, "foreign host": 400, "static": 200,
                                   "health": 200, "forged": 403}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/static/../config/settings.py", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/..%2f..%2fetc/passwd",
     "/static/....//etc/passwd", "/static/%00", "/static//etc/passwd", "/.git/config", "/.env",
     "/media/", "/admin/", "/metrics", "/api/schema/", "/__debug__/", "/_ui/", "/server-status"],
)  # fmt: skip
def test_no_address_leads_to_files_or_machinery(platform, path):
    for host in ("alpha.localhost", "ops.localhost", "localhost"):
        answer = _get(platform, f"GET {path} HTTP/1.1", f"Host: {host}")
        assert _status(answer) in {400, 404}, (host, path)
        assert not re.search(r"root:x:|SECRET_KEY|\[core\]|Traceback", answer)


def _line_about(words: str, log: Path) -> dict[str, str]:
    """Wait for a line of a log and read it as what it has to be, JSON."""
    for _ in range(100):
        lines = [line for line in log.read_text().splitlines() if words in line]
        if lines:
            return json.loads(lines[-1])
        time.sleep(0.1)
    pytest.fail(f"no line about {words!r} in {log.name}:\n{log.read_text()[-2000:]}")


# ── afterwards ───────────────────────────────────────────────────────────────────────────────────


def test_the_logs_name_nobody(thorn, page):
    """Last of all: a patient has been looked at, searched, changed and imported above and here."""
    _sign_in(page, thorn, "rosie")
    page.get_by_role("searchbox").first.fill(CANARY)
    page.get_by_text(CANARY).first.wait_for()
    page.goto(thorn.url("thorn", "/patients/"))
    page.get_by_role("link", name=re.compile(CANARY)).first.click()
    page.wait_for_load_state()
    page.goto(f"{page.url}history/")
    page.goto(thorn.url("thorn", f"/patients/?q={CANARY}&after={CANARY}"))
    page.goto(thorn.url("thorn", f"/{CANARY}/"))

    page.context.clear_cookies()
    page.goto(thorn.url("thorn", "/password-reset/"))
    page.get_by_label("E-mail address").fill("rosa@thorn.example")
    page.get_by_role("button").last.click()
    page.wait_for_url(re.compile("/password-reset/sent/"))

    folder = Path(thorn.environment["NEXUS_VAR"])
    task = _line_about("succeeded", folder / "worker.log")
    assert (task["tenant"], task["level"]) == (None, "info")
    logs = {path.name: path.read_text() for path in folder.glob("*.log")}
    assert set(logs) >= {"web.log", "worker.log"}
    for name, text in logs.items():
        told = re.sub(rf"Not Found: /{CANARY}/", "", text)  # typed into the address by a person
        for private in (CANARY, CANARY_PHONE, "__xss", "@thorn.example", PASSWORD, SECRET):
            assert private not in told, (name, private)
