"""Ids and fields somebody puts into a request that are not theirs to put there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.security.conftest import NOTE, PATIENT, SECRET
from tests.test_routes import CLINIC, DUMMY

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

ROOT = Path(__file__).resolve().parents[2]
NAMING = [route for route in CLINIC if DUMMY["UUIDConverter"] in route.path]
NATURAL = {
    "after": "patient", "before": "patient", "patient": "patient", "thing": "patient",
    "location": "location", "practitioner": "practitioner", "appointment_type": "appointment_type",
    "funding": "funding_type", "funding_type": "funding_type", "person": "user", "user": "user",
    "column": "practitioner", "appointment": "appointment",
    "run": "import_run", "source": "import_source", "document": "document", "other": "patient",
    "referral": "referral", "template": "plan_template", "contact": "book_contact", "job": "import_source",
    "visit": "appointment", "item": "price_item", "payer": "book_contact", "line": "bill",
}  # fmt: skip
"""Parameters that name a thing, and which."""
PLAIN = {
    "only", "outcome", "q", "subdomain", "all_places", "is_another_person", "next", "reason",
    "status", "date", "time", "minutes", "following", "since", "until", "action", "kind", "name", "size",
    "choice", "archived", "structure", "undo_token", "version",
    "show", "page", "keep", "with_files", "with_mark", "seen_first", "seen_second", "go_on",
    "several", "days", "fate",
    "by_hand", "typed", "why", "group",  # group: only ever compared with what the page itself lists
    "by", "batch", "category",  # files: the order, and names that are typed
    "layout",
    "code_search", "note",  # words and codes of a classification; what follows from a result
    "direction",  # files: to the clinic's bucket, or back
    "span",  # days that move along with the calendar
    "measure", "n", "answer", "words",  # a measure's code; a patient's answers to one
    "in_session", "is_here",  # a place of a group session; who is booked on arrival
    "state",  # signed; another clinic's is refused: tests/connections
    "account",  # one of those a vendor's consent reaches, compared with what is kept of it
    "body", "day", "month",  # words of a text; which day of a list, month of its costs
    "DELETE", "description", "gst_rule", "price", "quantity", "service_date",  # a line of an invoice
    "address", "amount", "as", "back", "issue", "mail", "make", "method", "number", "one_each",
    "reference", "view",
    "sort", "plan", "part",  # the operators' lists; a plan is one of the offer's
    "token",  # a visitor's hand-over: signed, of one clinic, good once
    "then",  # where the mapping's pages go on to, once saved
}  # fmt: skip
"""Parameters that name nothing."""


FILES = {
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Kinds of answers that are no text; tests/clinical/reports opens the ones there are."""


def _bare(response, *ids) -> tuple[int, str]:
    """Answer what the response says, without what differs each time anyway."""
    body = response.getvalue() if response.streaming else response.content
    if response["Content-Type"] in FILES:  # zipped or compressed: the ids in it cannot be read here
        return response.status_code, response["Content-Type"]
    text = body.decode()
    for pk in ids:
        text = text.replace(str(pk), "ID").replace(pk.hex, "ID")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "MOMENT", text)
    return response.status_code, re.sub(r"[\w-]{24,}", "TOKEN", text)


def _send(client: Client, method: str, path: str):
    if method == "put":
        return client.put(path, b"x" * 8, headers={"content-range": "bytes 0-7/4096"})
    form = {"name": "Taken", "role": "owner", "status": "cancelled"} if method == "post" else {}
    return getattr(client, method)(path, form)


def test_an_id_from_next_door_is_an_id_of_nothing(alpha, beta, sign_in, belongings):
    """The same answer, to the letter, as for an id that never was: not even its existence shows."""
    theirs = belongings(beta)
    owner = sign_in(alpha, "owner")
    random_id = uuid7()
    before, covered = _image(beta, theirs), set()

    for route in NAMING:
        for method in ("get", "post", "put"):
            path = route.path.replace(DUMMY["UUIDConverter"], "{0}")
            nothing = _bare(_send(owner, method, path.format(random_id)), random_id)
            if nothing[0] == 405:
                continue
            covered.add(route.name)
            assert nothing[0] == 404, (route.name, method, nothing[0])
            for kind, thing in _likely(route, theirs):
                answer = _bare(_send(owner, method, path.format(thing.pk)), thing.pk)
                assert answer == nothing, (route.name, method, kind)
                assert SECRET not in answer[1]

    assert covered == {route.name for route in NAMING}
    assert _image(beta, theirs) == before


EVERYWHERE = {"patient", "appointment"}


def _likely(route, things):
    """Answer the things a route may have meant: those of its own app, and those that any may name."""
    app = route.view.__module__.rpartition(".")[0]
    own = {kind for kind, thing in things.items() if type(thing).__module__.startswith(f"{app}.")}
    return [(kind, thing) for kind, thing in things.items() if kind in own | EVERYWHERE]


def _image(clinic, things) -> dict[str, dict]:
    with tenant_scope(clinic):
        return {
            kind: type(thing).objects.filter(pk=thing.pk).values().get()
            for kind, thing in things.items()
        }


def test_every_parameter_the_pages_read_is_tried_here():
    read = set()
    for package in ("platform", "clinical", "billing_integrations", "onboarding"):
        for source in (ROOT / package).rglob("*.py"):
            if not re.search(r"views|forms", str(source)):
                continue
            read |= set(
                re.findall(
                    r"(?:GET|POST|asked)(?:\.get(?:list)?\(|\[)\"(\w+)\"", source.read_text()
                )
            )

    assert read - set(NATURAL) - PLAIN == set()


def test_an_id_from_next_door_in_the_query_is_an_id_of_nothing(alpha, beta, sign_in, belongings):
    belongings(alpha, "Our Own")
    theirs = belongings(beta)
    owner = sign_in(alpha, "owner")
    stolen = {name: str(theirs[kind].pk) for name, kind in NATURAL.items()}
    invented = {name: str(uuid7()) for name in NATURAL}
    ids = [thing.pk for thing in theirs.values()]

    for route in CLINIC:
        if DUMMY["UUIDConverter"] in route.path or owner.get(route.path).status_code != 200:
            continue
        for names in (NATURAL.keys() - {"before"}, {"before"}):
            answer = _bare(owner.get(route.path, {name: stolen[name] for name in names}), *ids)
            nothing = _bare(owner.get(route.path, {name: invented[name] for name in names}))
            assert SECRET not in answer[1]
            if route.name != "audit:trail":  # which grows by being looked at
                assert _without_ids(answer) == _without_ids(nothing), route.name


def _without_ids(answer: tuple[int, str]) -> tuple[int, str]:
    return answer[0], re.sub(r"\bID\b|TOKEN", "ID", answer[1])


BODIES = {
    "/appointments/new/": {
        "fields": {"date": "2026-11-23", "time": "10:00", "minutes": "30"},
        "stolen": ["patient", "practitioner", "location", "appointment_type"],
    },
    "/patients/new/": {
        "fields": {
            "family_name": "Ours", "date_of_birth": "1/2/1980",
            **{f"{prefix}-TOTAL_FORMS": "0" for prefix in ("contact", "address", "number")},
            **{f"{prefix}-INITIAL_FORMS": "0" for prefix in ("contact", "address", "number")},
        },
        "stolen": ["location", "funding_type"],
    },
    "/settings/practice/clinicians/new/": {
        "fields": {"name": "Ours", "discipline": "", "colour": "#123456"},
        "stolen": ["user"],
    },
}  # fmt: skip


@pytest.mark.parametrize("path", BODIES)
def test_an_id_from_next_door_in_the_body_is_an_id_of_nothing(
    alpha, beta, sign_in, belongings, path
):
    theirs = belongings(beta)
    owner = sign_in(alpha, "owner")
    fields = BODIES[path]["fields"]

    for name in BODIES[path]["stolen"]:
        pk, random_id = theirs[NATURAL[name]].pk, uuid7()
        answer = _bare(owner.post(path, {**fields, name: str(pk)}), pk)
        nothing = _bare(owner.post(path, {**fields, name: str(random_id)}), random_id)
        assert (answer[0], answer) == (422, nothing), name
    assert owner.post(path, fields).status_code == 302, (
        "the control: without a foreign id it passes"
    )


def test_the_rows_of_another_patient_cannot_be_taken_over(alpha, sign_in, belongings):
    from clinical.patients.models import ContactPoint, Patient

    theirs = belongings(alpha)
    with tenant_scope(alpha):
        mine = Patient.objects.create(family_name="Mine")
    form = {
        "family_name": "Mine", "seen": mine.changed_at.isoformat(),
        "contact-TOTAL_FORMS": "1", "contact-INITIAL_FORMS": "1",
        "contact-0-id": str(theirs["contact"].pk), "contact-0-kind": "mobile",
        "contact-0-value": "0499 999 999",
        **{f"{prefix}-TOTAL_FORMS": "0" for prefix in ("address", "number")},
        **{f"{prefix}-INITIAL_FORMS": "0" for prefix in ("address", "number")},
    }  # fmt: skip

    answer = sign_in(alpha, "owner").post(f"/patients/{mine.pk}/edit/", form)

    assert answer.status_code == 302
    with tenant_scope(alpha):
        kept = ContactPoint.objects.get(pk=theirs["contact"].pk)
        assert (kept.patient_id, kept.value) == (theirs["patient"].pk, "0400 111 222")
        assert mine.contact_points.get().pk != kept.pk


def test_a_coordinator_finds_nobody_they_are_not_assigned_to(alpha, sign_in, belongings):
    things = belongings(alpha)
    coordinator = sign_in(alpha, "coordinator")

    for route in CLINIC:
        for kind in ("patient", "appointment"):
            path = route.path.replace(DUMMY["UUIDConverter"], str(things[kind].pk))
            for response in (
                coordinator.get(path, {"patient": str(things["patient"].pk)}),
                coordinator.post(path, {"q": PATIENT, "patient": str(things["patient"].pk)}),
            ):
                text = _bare(response)[1].replace(f'value="{PATIENT}"', "")
                for private in (PATIENT, NOTE):
                    assert private not in text, (route.name, kind, response.status_code)


# ── fields that are not on the form ──────────────────────────────────────────────────────────────

SMUGGLED = {
    "role": "owner", "is_active": "", "is_staff": "1", "is_superuser": "1", "is_verified": "1",
    "tenant": "2", "tenant_id": "2", "schema": "c_2", "schema_name": "c_2", "clinic": "beta",
    "id": "019b0000-0000-7000-8000-00000000beef", "pk": "019b0000-0000-7000-8000-00000000beef",
    "password": "smuggled in by the form", "email": "smuggled@staff.example", "invited_at": "",
    "created_at": "1990-01-01", "changed_at": "1990-01-01", "number": "424242",
    "is_archived": "1", "extra": '{"a": "b"}', "user": "", "owner": "1", "otp_device": "1",
    "groups": "1", "user_permissions": "1", "created_by": "x", "source_note": "x",
}  # fmt: skip


def test_ones_own_account_form_changes_the_name_only(alpha, sign_in):
    from accounts.models import User

    reception = sign_in(alpha, "reception")
    before = _row(alpha, User, reception.person.pk)

    assert reception.post("/account/", {**SMUGGLED, "name": "New Name"}).status_code == 302

    assert _row(alpha, User, reception.person.pk) == {**before, "name": "New Name"}


def test_the_staff_form_changes_name_and_role_only(alpha, sign_in, belongings):
    from accounts.models import User

    person = belongings(alpha)["user"]
    before = _row(alpha, User, person.pk)

    answer = sign_in(alpha, "owner").post(
        f"/staff/{person.pk}/", {**SMUGGLED, "name": "New Name", "role": "billing"}
    )

    assert answer.status_code == 302
    after = _row(alpha, User, person.pk)
    assert after == {**before, "name": "New Name", "role": "billing"}


@pytest.mark.parametrize(
    ("by", "role"), [("admin", "owner"), ("admin", "operator"), ("owner", "operator"),
                     ("owner", "superuser"), ("owner", "")],
)  # fmt: skip
def test_nobody_gives_a_role_they_may_not_give(alpha, sign_in, belongings, by, role):
    from accounts.models import User

    person = belongings(alpha)["user"]
    client = sign_in(alpha, by)
    invitation = {"name": "New", "email": "new@staff.example", "role": role}

    assert client.post("/staff/invite/", invitation).status_code in {403, 422}
    for target in (person, client.person):
        client.post(f"/staff/{target.pk}/", {"name": "New", "role": role})

    with tenant_scope(alpha):
        assert not User.objects.filter(email="new@staff.example").exists()
        assert User.objects.get(pk=person.pk).role == "clinician"
        assert User.objects.get(pk=client.person.pk).role == by


def test_an_invitation_carries_what_the_form_asks_and_no_more(alpha, sign_in):
    from accounts.models import User

    form = {**SMUGGLED, "name": "New", "email": "new@staff.example", "role": "reception"}

    assert sign_in(alpha, "admin").post("/staff/invite/", form).status_code == 302

    with tenant_scope(alpha):
        invited = User.objects.get(email="new@staff.example")
    assert (invited.role, invited.is_active, invited.invited_at is None) == (
        "reception",
        True,
        False,
    )
    assert not invited.has_usable_password()
    assert str(invited.pk) != SMUGGLED["id"]


def test_the_patient_form_gives_no_number_and_no_archive(alpha, sign_in):
    from clinical.patients.models import Patient

    form = {**SMUGGLED, **BODIES["/patients/new/"]["fields"]}

    assert sign_in(alpha, "reception").post("/patients/new/", form).status_code == 302

    with tenant_scope(alpha):
        patient = Patient.objects.get(family_name="Ours")
    assert str(patient.pk) != SMUGGLED["id"]
    assert (patient.number != 424242, patient.is_archived, patient.extra) == (True, False, {})
    assert patient.created_at.year > 1990


def test_the_booking_form_sets_no_past_of_its_own(alpha, sign_in):
    from clinical.appointments.models import Appointment

    form = {**SMUGGLED, **BODIES["/appointments/new/"]["fields"], "status": "completed"}

    assert sign_in(alpha, "reception").post("/appointments/new/", form).status_code == 302

    with tenant_scope(alpha):
        booked = Appointment.objects.get()
    assert (booked.status, booked.extra, booked.source_note) == ("booked", {}, "")
    assert str(booked.pk) != SMUGGLED["id"]


def _row(clinic, model, pk) -> dict:
    with tenant_scope(clinic):
        return model.objects.filter(pk=pk).values().get()
