"""Whatever somebody types: every field and parameter there is takes it without falling over."""

from __future__ import annotations

import json
import re

import pytest
from django import forms
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tenants.scope import tenant_scope
from tests.security.conftest import PATIENT
from tests.security.test_objects import NATURAL, PLAIN
from tests.test_routes import CLINIC, DUMMY, OPERATORS, _routes

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

PUBLIC = _routes(settings.ROOT_URLCONF)
NASTY = {
    "a quote": "O'Brien' OR '1'='1",
    "a comment": "x'; DROP TABLE patients_patient; --",
    "double quotes": 'a" OR ""="',
    "a backslash": "\\",
    "wildcards": "%_%\\%",
    "a format": "%s %(a)s {0} {a}",
    "a template": "{{ 7*7 }}{% debug %}${7*7}",
    "a null byte": "a\x00b",
    "nothing but a null byte": "\x00",
    "control characters": "\x01\x08\x1b[31m\x7f\x85\u2028",
    "a line break": "a\r\nSet-Cookie: b=c",
    "a right-to-left override": "\u202egnp.exe",
    "beyond the plane": "💥👩‍⚕️",
    "a half of a pair": b"\xed\xa0\x80",
    "not UTF-8": b"\xff\xfe",
    "very long": "x" * 20_000,
    "a big number": "9" * 40,
    "a negative number": "-1",
    "an infinite number": "1e999",
    "not a number": "NaN",
    "the first day": "0001-01-01",
    "the last day": "9999-12-31",
    "no day": "2026-02-30",
    "an infinite day": "infinity",
    "other digits": "١٢٣٤٥٦",
    "a path": "../../../../etc/passwd",
    "brackets": "[](){}<>!&|:*",
}


def _field_names() -> set[str]:
    """Answer every name a form of this product has, and those its formsets make of them."""
    pending, names = list(forms.BaseForm.__subclasses__()), set()
    while pending:
        form = pending.pop()
        pending += form.__subclasses__()
        if form.__module__.split(".")[0] not in {"django", "formtools", "two_factor"}:
            names |= set(form.base_fields)
    rows = {f"{row}-0-{name}" for row in ("contact", "address", "number")
            for name in ("id", "kind", "value", "label", "lines", "postcode")}  # fmt: skip
    steps = {"auth-username", "auth-password", "token-otp_token", "backup-otp_token"}
    return names | rows | steps


def things_of(clinic, belongings) -> dict[str, str]:
    mine = belongings(clinic)
    kinds = {"patients": "patient", "appointments": "appointment", "accounts": "user",
             "imports": "import_run", "practice": "location"}  # fmt: skip
    return {namespace: str(mine[kind].pk) for namespace, kind in kinds.items()}


def paths_of(things: dict[str, str]):
    for route in CLINIC:
        pk = things.get(route.name.partition(":")[0], DUMMY["UUIDConverter"])
        path = route.path.replace(DUMMY["UUIDConverter"], pk)
        yield route.name, path.replace("/practice/x/", "/practice/locations/")


def _falls_over(send, *, host: str) -> str:
    try:
        response = send()
        if response.streaming:
            response.getvalue()
    except Exception as error:  # noqa: BLE001 - what it is, is what the test tells
        return f"{host}: {type(error).__name__}: {str(error)[:120]}"
    return f"{host}: {response.status_code}" if response.status_code >= 500 else ""


ROUNDS = 3


def _spread(names, round_: int) -> dict[str, str | bytes]:
    """Give each name another of the nasty values in each round."""
    values = list(NASTY.values())
    return {
        name: values[(at * 5 + round_ * 7) % len(values)] for at, name in enumerate(sorted(names))
    }


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_no_page_falls_over_a_parameter(alpha, sign_in, belongings, round_):
    things = things_of(alpha, belongings)
    asking = _spread({*NATURAL, *PLAIN}, round_)
    # A NUL is refused before any page reads it.
    asking = {name: value for name, value in asking.items() if "\x00" not in str(value)}
    owner, operator = sign_in(alpha, "owner"), sign_in(None, "operator")
    public = Client(headers={"host": settings.BASE_DOMAIN})
    tries = [
        *((owner, path) for name, path in paths_of(things) if name != "accounts:logout"),
        *((operator, route.path) for route in OPERATORS),
        *((public, route.path) for route in PUBLIC),
    ]

    found = [_falls_over(lambda c=c, p=p: c.get(p, asking), host=p) for c, p in tries]

    assert "\n".join(filter(None, found)) == ""


@pytest.mark.parametrize("path", ["/?q=a%00b", "/patients/?location=%00", "/join/%00/", "/%00"])
def test_an_address_with_a_nul_is_refused(alpha, sign_in, path):
    for client in (sign_in(alpha, "owner"), sign_in(None, "operator")):
        assert client.get(path).status_code == 400


def test_a_nul_that_no_form_has_looked_at_is_refused_and_nothing_is_changed(alpha, sign_in):
    from clinical.patients.models import Patient

    with tenant_scope(alpha):
        patient = Patient.objects.create(family_name="Kept")

    answer = sign_in(alpha, "owner").post(f"/patients/{patient.pk}/archive/", {"reason": "a\0b"})

    assert answer.status_code == 400
    with tenant_scope(alpha):
        assert Patient.objects.get(pk=patient.pk).is_archived is False


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_no_form_falls_over_a_field(alpha, sign_in, belongings, round_):
    things = things_of(alpha, belongings)
    form = {
        **_spread({*_field_names(), *NATURAL, *PLAIN}, round_),
        **{f"{row}-{form}_FORMS": "1" for row in ("contact", "address", "number")
           for form in ("TOTAL", "INITIAL")},
        "login_view-current_step": "auth",
    }  # fmt: skip
    owner = sign_in(alpha, "owner")
    public = Client(headers={"host": settings.BASE_DOMAIN})
    skipped = {"accounts:logout", "accounts:deactivate"}
    tries = [
        *((owner, path) for name, path in paths_of(things) if name not in skipped),
        *((public, route.path) for route in PUBLIC),
    ]

    found = [_falls_over(lambda c=c, p=p: c.post(p, form), host=p) for c, p in tries]

    assert "\n".join(filter(None, found)) == ""
    with tenant_scope(alpha):
        from clinical.patients.models import Patient

        assert Patient.objects.count() >= 1


@pytest.mark.parametrize("kind", NASTY)
def test_one_odd_field_among_good_ones_is_taken_or_refused(alpha, sign_in, belongings, kind):
    """A field alone, for what stops a form at the first bad field hides the others."""
    belongings(alpha)
    owner = sign_in(alpha, "owner")
    good = {
        "family_name": "Good", "given_names": "So",
        **{f"{row}-{form}_FORMS": "1" if row != "address" else "0"
           for row in ("contact", "address", "number") for form in ("TOTAL", "INITIAL")},
        "contact-0-kind": "mobile", "contact-0-value": "0400 000 000",
        "number-0-kind": "medicare", "number-0-value": "2428 77813 2",
    }  # fmt: skip
    text_fields = ("title", "given_names", "family_name", "preferred_name", "notes", "alerts",
                   "gender", "date_of_birth", "contact-0-value", "contact-0-label",
                   "number-0-value", "seen")  # fmt: skip

    found = [
        _falls_over(
            lambda f=field: owner.post(
                "/patients/new/", {**good, f: NASTY[kind], "is_another_person": "1"}
            ),
            host=field,
        )
        for field in text_fields
    ]
    booking = {"date": "2026-11-23", "time": "10:00", "minutes": "30"}
    found += [
        _falls_over(
            lambda f=field: owner.post("/appointments/new/", {**booking, f: NASTY[kind]}),
            host=field,
        )
        for field in (*booking, "notes", "patient", "location")
    ]
    found += [
        _falls_over(lambda p=path, f=field: owner.get(p, {f: NASTY[kind]}), host=f"{path}?{field}")
        for path, field in (("/appointments/", "date"), ("/audit/", "since"), ("/audit/", "until"))
    ]
    found += [
        _falls_over(lambda p=path: owner.post(p, {"q": NASTY[kind]}), host=path)
        for path in ("/patients/", "/patients/find/", "/appointments/patients/")
    ]

    assert "\n".join(filter(None, found)) == ""


@pytest.mark.parametrize(
    "typed", ["%", "_", "%%%%", "'", "' OR 1=1 --", "*", ".", "\\", "(a|b)+", "zebedee%' OR '1'='1"]
)
def test_a_wildcard_in_a_search_finds_no_more_than_a_letter(alpha, sign_in, belongings, typed):
    belongings(alpha)

    answer = sign_in(alpha, "owner").post("/patients/", {"q": typed})

    assert answer.status_code == 200
    found = re.sub(r"<input[^>]*>", "", answer.text)
    assert PATIENT not in found


# ── uploads ──────────────────────────────────────────────────────────────────────────────────────

NAMES = [
    "../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\a.fmp12", "a\x00b.fmp12",
    "\x00", "", ".", "..", "CON", "x" * 300 + ".fmp12", "\u202e21pmf.exe", "a\r\nX-Evil: 1.fmp12",
    "<svg onload=alert(1)>.fmp12", "'; DROP TABLE x; --", "💥.fmp12", "a/b/c.fmp12", "%2e%2e%2fx",
    "\ud800.fmp12",
]  # fmt: skip


def _create(client: Client, body: str | bytes):
    path = reverse("imports:create_upload", urlconf=settings.CLINIC_URLCONF)
    return client.post(path, body, content_type="application/json")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_the_name_of_an_upload_names_no_path(alpha, sign_in, name):
    from onboarding.imports.models import ImportSource

    owner = sign_in(alpha, "owner")

    response = _create(owner, json.dumps({"name": name, "size": 4096}))

    assert response.status_code in {201, 400, 422}
    with tenant_scope(alpha):
        kept = list(ImportSource.objects.all())
    for source in kept:
        assert re.fullmatch(r"imports/[0-9a-f]{32}\.part", source.storage_key)
        assert len(source.file_name) <= 255
        assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069/\\]", source.file_name)
    assert owner.get("/settings/data/import/").status_code == 200


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", "null", "7", '"x"', '{"name": "a"}', '{"name": "a", "size": "b"}',
     '{"name": "a", "size": -1}', '{"name": "a", "size": 0}', '{"name": "a", "size": 1e999}',
     '{"name": "a", "size": NaN}', '{"name": "a", "size": null}', '{"name": "a", "size": [1]}',
     '{"name": {"a": 1}, "size": 99999999999999999999}', "[" * 9000, '{"a":' * 1800, b"\xff\xfe",
     '{"name": "a", "size": ' + "9" * 5000 + "}"],
    ids=lambda body: str(body)[:30],
)  # fmt: skip
def test_a_broken_announcement_of_an_upload_is_refused(alpha, sign_in, body):
    owner = sign_in(alpha, "owner")

    response = _create(owner, body)

    assert 400 <= response.status_code < 500


@pytest.mark.parametrize(
    "part",
    ["", "bytes", "bytes 0-0/0", "bytes 5-1/4096", "bytes 0-99999999999/4096", "bytes 0-4095/1",
     "bytes -1-5/4096", "bytes 0-4095/*", "bytes 4096-8191/4096", "bytes \u0660-\u0665/\u0664",
     "bytes 999999999999999-999999999999999/999999999999999"],
)  # fmt: skip
def test_a_part_that_cannot_be_is_refused_and_writes_nothing(alpha, sign_in, part):
    from onboarding.imports.models import ImportSource

    owner = sign_in(alpha, "owner")
    created = _create(owner, json.dumps({"name": "a.fmp12", "size": 4096}))

    response = owner.put(created.json()["url"], b"x" * 100, headers={"content-range": part})

    assert 400 <= response.status_code < 500
    with tenant_scope(alpha):
        assert ImportSource.objects.get().received == 0
