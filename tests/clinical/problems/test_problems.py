"""Problems, allergies and medications: the lists, what they said before, and who reads them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.utils import InternalError, OperationalError
from django.utils import timezone

from clinical.patients.header import header_of
from clinical.problems import codes, selectors, services
from clinical.problems.kinds import KINDS
from clinical.problems.models import Allergy, CodeList, EntryVersion, NoKnownAllergies, Problem
from tenants.scope import act_as, current_scope, tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])
NOW = timezone.now()


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


def _add(kind, whom, actor, **fields):
    return services.add_entry(whom, KINDS[kind], actor=actor, at=NOW, fields=fields)


def test_what_an_entry_said_before_is_kept(clinician, patient):
    entry = _add("problems", patient(), clinician, name="Heel pain", side="left")

    services.change_entry(
        entry, actor=clinician, at=NOW + timedelta(hours=1), fields={"name": "Plantar fasciitis"}
    )

    assert [(shown.version.what, shown.lines) for shown in selectors.versions_of(entry)] == [
        (
            "Changed",
            [("Problem", "Plantar fasciitis"), ("Status", "Active"), ("Side", "Left")],
        ),
        ("Added", [("Problem", "Heel pain"), ("Status", "Active"), ("Side", "Left")]),
    ]
    with pytest.raises((IntegrityError, InternalError, OperationalError)), transaction.atomic():
        EntryVersion.objects.update(what="Never")


def test_the_second_of_two_editors_is_told(clinician, patient):
    entry = _add("problems", patient(), clinician, name="Heel pain")
    seen = entry.changed_at.isoformat()
    later = NOW + timedelta(minutes=1)
    services.change_entry(entry, actor=clinician, at=later, fields={"name": "A"}, seen=seen)

    with pytest.raises(services.EntryChangedError):
        services.change_entry(entry, actor=clinician, at=later, fields={"name": "B"}, seen=seen)
    assert Problem.objects.get().name == "A"


def test_no_known_allergies_ends_with_the_first_one_and_needs_an_empty_list(clinician, patient):
    ada = patient()
    services.state_no_known_allergies(ada, actor=clinician, at=NOW)
    assert (
        selectors.summary_of(clinician, ada, today=NOW.date()).none_known.stated_by == "Clinician"
    )

    latex = _add("allergies", ada, clinician, substance="Latex", severity="severe")
    assert selectors.summary_of(clinician, ada, today=NOW.date()).none_known is None
    with pytest.raises(services.HasAllergiesError, match="Latex"):
        services.state_no_known_allergies(ada, actor=clinician, at=NOW)

    services.mark_as_error(latex, actor=clinician, at=NOW, reason="Another patient")
    services.state_no_known_allergies(ada, actor=clinician, at=NOW)
    assert NoKnownAllergies.objects.filter(withdrawn_at=None).count() == 1


def test_a_severe_allergy_stands_in_red_at_the_head_of_the_record(
    clinician, patient, person, settings
):
    settings.ROOT_URLCONF = settings.CLINIC_URLCONF
    ada = patient()
    _add("allergies", ada, clinician, substance="Tape")
    _add("allergies", ada, clinician, substance="Latex", reaction="Rash", severity="severe")

    (banner,) = [b for b in header_of(clinician, ada, now=NOW).banners if "llergy" in b.title]
    assert (banner.title, banner.text, banner.tone) == (
        "Severe allergy",
        "Latex (Rash); Tape",
        "danger",
    )
    reception = person("reception")
    assert not [b for b in header_of(reception, ada, now=NOW).banners if "llergy" in b.title]


def test_reception_and_coordinators_neither_write_nor_read_not_even_by_sql(
    clinician, patient, person
):
    ada = patient()
    _add("allergies", ada, clinician, substance="Latex")
    for role in ("reception", "coordinator"):
        somebody = person(role)
        with pytest.raises(PermissionDenied):
            _add("problems", ada, somebody, name="x")

        act_as(replace(current_scope().actor, id=str(somebody.pk), label=role))
        assert (Allergy.objects.count(), EntryVersion.objects.count()) == (0, 0)
        act_as(replace(current_scope().actor, id=str(clinician.pk), label="c"))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x", "onset_on": NOW.date(), "resolved_on": NOW.date() - timedelta(days=1),
         "status": "resolved"},
        {"name": "x", "resolved_on": NOW.date()},
    ],
)  # fmt: skip
def test_dates_that_cannot_be_are_refused(clinician, patient, fields):
    with pytest.raises(services.EntryError):
        _add("problems", patient(), clinician, **fields)
    assert not Problem.objects.exists()


# ── codes ────────────────────────────────────────────────────────────────────────────────────────


def _file(text: str | bytes, name: str = "codes.csv"):
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    file.name, file.size = name, len(file.getvalue())
    return file


def _load(actor, text, **more):
    facts = {"name": "Ours", "edition": "1"} | more
    return codes.load_codes(_file(text), actor=actor, at=NOW, **facts)


CLAML = b"""<?xml version="1.0"?><!DOCTYPE ClaML SYSTEM "ClaML.dtd"><ClaML version="2.0.0">
<Class code="X1" kind="category"><Rubric kind="inclusion"><Label>no</Label></Rubric>
<Rubric kind="preferred"><Label>Made up <Reference>(X2)</Reference>pain</Label></Rubric></Class></ClaML>"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code,title\nX1.0,Made-up pain\n", [("X1.0", "Made-up pain")]),
        ("X1.0\tMade-up pain\nX1.1\tOther\n", [("X1.0", "Made-up pain"), ("X1.1", "Other")]),
        ("1;X10;Schmerz im R\u00fccken;x\n2;X11;Arm;y\n".encode("cp1252"),
         [("X10", "Schmerz im R\u00fccken"), ("X11", "Arm")]),
        ("code,title\nX1,Caf\u00e9\n".encode("utf-16"), [("X1", "Caf\u00e9")]),
        (CLAML, [("X1", "Made up pain")]),
    ],
    ids=["headings", "tabs", "latin", "utf-16", "claml"],
)  # fmt: skip
def test_files_of_codes_are_read(in_alpha, person, text, expected):
    loaded = _load(person("owner"), text)

    assert [(c.code, c.title) for c in loaded.codes.order_by("key")] == expected
    assert (loaded.size, loaded.state) == (len(expected), "checking")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("PK\x03\x04zzz", "Save it as CSV"),
        ("name,age\nAda,3\nBea,4\n", "which column"),
        ("<ClaML><Class>", "broken off"),
        ("<other/>", "Only ClaML"),
        ('<!DOCTYPE ClaML [<!ENTITY a "b">]><ClaML>&a;</ClaML>', "entities"),
        ("code,title\n,\n", "No codes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_kept(in_alpha, person, text, words):
    with pytest.raises(codes.CodeFileError, match=words):
        _load(person("owner"), text)
    assert not CodeList.objects.exists()


def test_lines_that_are_no_codes_are_named_and_the_rest_is_loaded(in_alpha, person):
    loaded = _load(person("owner"), "code,title\nX1,One\nX2,\nX1,Again\n!!,What\n")

    assert (loaded.size, loaded.skipped) == (1, 3)
    assert loaded.remarks == [
        "Line 3: X2 has no title.",
        "Line 4: X1 stands on line 2 already.",
        "Line 5: “!!” is not a code.",
    ]


def test_codes_are_found_by_their_beginning_and_by_words_and_only_of_the_edition_in_use(
    in_alpha, person
):
    owner = person("owner")
    old = _load(owner, "code,title\nX1.0,Old wording\n")
    codes.use_code_list(old, actor=owner)
    new = _load(owner, "code,title\nX1.0,Pain in the élbow\nX1.1,Pain in the knee\nY2,Elbow bent\n")
    assert [c.title for c in selectors.find_codes("x1")] == ["Old wording"]

    codes.use_code_list(new, actor=owner)

    assert [c.code for c in selectors.find_codes("x1.")] == ["X1.0", "X1.1"]
    assert [c.code for c in selectors.find_codes("elbow")] == ["Y2", "X1.0"]
    assert [c.code for c in selectors.find_codes("elb pain")] == ["X1.0"]
    assert selectors.find_codes("%_\x00") == []
    old.refresh_from_db()
    assert old.state == "retired"
    with pytest.raises(codes.CodeFileError, match="in use"):
        codes.discard_code_list(new, actor=owner)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def test_a_clinician_keeps_the_lists_on_one_page(alpha, sign_in):
    from clinical.patients.models import Patient

    with tenant_scope(alpha):
        ada = Patient.objects.create(given_names="Ada", family_name="North")
        owner = sign_in(alpha, "owner").person
        code = codes.add_sample(actor=owner, at=NOW).codes.get(code="M00-M99")
    client = sign_in(alpha, "clinician")
    page = f"/patients/{ada.pk}/health/"
    assert "Nobody has asked yet" in client.get(page).text

    client.post(f"{page}no-known-allergies/")
    assert "No known allergies" in client.get(page).text
    for kind, form in (
        ("problems", {"name": "Knee", "status": "active", "picked": str(code.pk)}),
        ("allergies", {"substance": "Latex", "severity": "severe", "status": "active"}),
        ("medications", {"name": "Paracetamol", "dose": "1 g", "until": "1/2/2020"}),
    ):
        assert client.get(f"{page}{kind}/new/").status_code == 200
        assert client.post(f"{page}{kind}/new/", {"note": "x"}).status_code == 422
        assert client.post(f"{page}{kind}/new/", form).status_code == 302
        assert client.post(f"{page}{kind}/reviewed/").status_code == 302
    shown = client.get(page).text
    for words in ("M00-M99", "Severe allergy", "Past (1)", "Reviewed"):
        assert words in shown
    assert "Muscles" in client.post("/health/codes/", {"code_search": "m00"}).text
    with tenant_scope(alpha):
        problem = Problem.objects.get()
    url = f"/health/problems/{problem.pk}"
    kept = {"name": "Knee pain", "status": "active", "picked": "keep"}
    assert client.post(f"{url}/edit/", kept).status_code == 302
    assert "Knee pain" in client.get(f"{url}/edit/").text
    with tenant_scope(alpha):
        problem.refresh_from_db()
    assert (problem.code, problem.code_title) == ("M00-M99", code.title)
    client.post(f"{url}/remove/", {"reason": "Wrong person"})
    assert "Entered in error (1)" in client.get(page).text
    client.post(f"{url}/back/")
    assert "Entered in error" not in client.get(page).text
    assert "Knee pain" in client.get(f"/patients/{ada.pk}/timeline/").text


def test_the_owner_loads_checks_and_uses_codes(alpha, sign_in):
    client = sign_in(alpha, "owner")
    assert "No codes yet" in client.get("/settings/codes/").text
    wrong = client.post("/settings/codes/", {"name": "Ours", "file": _file("a,b\n1,2\n")})
    assert (wrong.status_code, "which column" in wrong.text) == (422, True)

    loaded = client.post(
        "/settings/codes/", {"name": "Ours", "file": _file("code,title\nX1,One\nX2,\n")}
    )
    shown = client.get(loaded.headers["Location"]).text
    assert "X2 has no title" in shown
    client.post(f"{loaded.headers['Location']}use/")
    assert "In use" in client.get("/settings/codes/").text


def test_the_summary_costs_the_same_for_one_and_for_thirty(
    alpha, sign_in, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from clinical.patients.models import Patient

    client = sign_in(alpha, "clinician")
    counts = []
    with tenant_scope(alpha):
        ada = Patient.objects.create(family_name="North")
        other = Patient.objects.create(family_name="South")
    for whom, many in ((ada, 1), (other, 30)):
        with tenant_scope(alpha):
            Problem.objects.bulk_create(
                Problem(patient=whom, name=f"P{n}", changed_at=NOW) for n in range(many)
            )
            Allergy.objects.bulk_create(
                Allergy(patient=whom, substance=f"A{n}", changed_at=NOW) for n in range(many)
            )
        client.get(f"/patients/{whom.pk}/health/")
        with CaptureQueriesContext(connection) as caught:
            client.get(f"/patients/{whom.pk}/health/")
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 40
