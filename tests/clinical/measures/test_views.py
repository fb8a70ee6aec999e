"""The pages about measures, asked as people ask them."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.measures.models import Assessment, MeasureSettings, PatientLink
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

JSON = {"accept": "application/json"}
PHQ = {f"a-q{n}": "1" for n in range(1, 9)} | {"a-q9": "0"}


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada North", phone="0491 570 006")


def _begin(client, clinic, patient, code="phq-9") -> Assessment:
    answer = client.post(f"/patients/{patient.pk}/measures/new/", {"measure": code})
    assert answer.status_code == 302
    with tenant_scope(clinic):
        return Assessment.objects.filter(patient=patient, state="draft").latest("created_at")


def test_a_measure_is_begun_filled_in_completed_and_corrected(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    draft = _begin(clinician, alpha, ada)
    url = f"/measures/{draft.pk}/"

    assert "data-measure-form" in clinician.get(f"{url}edit/").text
    live = clinician.post(f"{url}edit/", {"revision": 0, "a-q1": "3", "a-q2": "9"}, headers=JSON)
    scored = clinician.post(f"{url}edit/", {"revision": 1, **PHQ, "a-q9": "1"}, headers=JSON)
    stale = clinician.post(f"{url}edit/", {"revision": 0, "a-q1": "2"}, headers=JSON)
    done = clinician.post(f"{url}complete/", {"revision": 2, **PHQ, "note": "By phone"})

    body = live.json()
    assert (body["answered"], body["score"], set(body["errors"])) == (1, "", {"q2"})
    body = scored.json()
    assert (body["score"], body["band"], len(body["alerts"])) == ("9 points", "Mild", 1)
    assert stale.status_code == 409
    assert done.headers["Location"] == url
    page = clinician.get(url).text
    assert "8 points" in page
    assert "By phone" in page
    assert clinician.get(f"{url}edit/").status_code == 302
    assert clinician.post(f"{url}edit/", {"revision": 3}, headers=JSON).status_code == 423

    correction = clinician.post(f"{url}correct/").headers["Location"].removesuffix("edit/")
    assert clinician.post(f"{correction}complete/", {"revision": 0, **PHQ}).status_code == 422
    clinician.post(f"{correction}complete/", {"revision": 0, **PHQ, "a-q1": "3", "reason": "Slip"})
    assert "10 points" in clinician.get(correction).text
    assert "Corrected since" in clinician.get(url).text
    assert "Slip" in clinician.get(url).text


def test_what_is_missing_comes_back_with_what_was_typed(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    draft = _begin(clinician, alpha, ada, "tug")

    empty = clinician.post(f"/measures/{draft.pk}/complete/", {"revision": 0})
    wrong = clinician.post(f"/measures/{draft.pk}/complete/", {"revision": 0, "a-trial1": "twelve"})
    late = clinician.post(
        f"/measures/{draft.pk}/complete/",
        {"revision": 0, "a-trial1": "12", "taken_on": "2099-01-01"},
    )

    assert [one.status_code for one in (empty, wrong, late)] == [422] * 3
    assert 'value="twelve"' in wrong.text
    assert "cannot be in the future" in late.text
    with tenant_scope(alpha):
        assert Assessment.objects.get().state == "draft"
    clinician.post(f"/measures/{draft.pk}/discard/")
    with tenant_scope(alpha):
        assert not Assessment.objects.exists()


def test_a_course_shows_its_chart_its_words_and_its_pdf(alpha, sign_in, ada, taken):
    with tenant_scope(alpha):
        for days, total in ((70, 18), (35, 14), (0, 8)):
            last = taken(ada, "phq-9", total, days_ago=days, by_patient=days == 35)
    clinician = sign_in(alpha, "clinician")

    page = clinician.get(f"/patients/{ada.pk}/measures/phq-9/")
    pdf = clinician.get(f"/patients/{ada.pk}/measures/phq-9/pdf/")
    tab = clinician.get(f"/patients/{ada.pk}/measures/").text
    timeline = clinician.get(f"/patients/{ada.pk}/timeline/").text

    assert "Improved by 6 points, more than the minimal important difference of 5" in page.text
    assert "Improved by 10 points" in page.text
    assert page.text.count("<circle") == 3
    assert "Moderately severe" in page.text
    assert pdf.content.startswith(b"%PDF")
    assert "north" not in pdf.headers["Content-Disposition"].lower()
    assert "8 points" in tab
    assert "PHQ-9 8 points" in timeline
    assert clinician.get(f"/patients/{ada.pk}/measures/tug/").status_code == 404
    withdrawn = clinician.post(f"/measures/{last.pk}/withdraw/", {"reason": "Wrong day"})
    assert withdrawn.status_code == 302
    assert "Wrong day" in clinician.get(f"/patients/{ada.pk}/measures/phq-9/").text
    assert clinician.post(f"/measures/{last.pk}/withdraw/", {"reason": "x"}).status_code == 302


def test_an_alert_stands_at_the_head_of_the_record_until_it_is_looked_at(
    alpha, sign_in, ada, taken
):
    with tenant_scope(alpha):
        flagged = taken(ada, "phq-9", 27)
    clinician, head = sign_in(alpha, "clinician"), "An answer in the PHQ-9 needs to be looked at"

    assert head in clinician.get(f"/patients/{ada.pk}/").text
    assert "Ada North" in clinician.get("/measures/").text
    assert head not in sign_in(alpha, "reception").get(f"/patients/{ada.pk}/").text
    clinician.post(f"/measures/{flagged.pk}/seen/")
    assert head not in clinician.get(f"/patients/{ada.pk}/").text
    assert "Looked at by" in clinician.get(f"/measures/{flagged.pk}/").text


def test_reception_sends_links_and_sees_no_score(alpha, sign_in, ada, taken):
    with tenant_scope(alpha):
        secret = taken(ada, "phq-9", 17, days_ago=40)
    reception = sign_in(alpha, "reception")

    made = reception.post(f"/patients/{ada.pk}/measures/send/", {"measure": "k10", "way": "copy"})
    tab = re.sub(r"<svg.*?</svg>", "", reception.get(f"/patients/{ada.pk}/measures/").text)
    refused = reception.post(
        f"/patients/{ada.pk}/measures/send/", {"measure": "tug", "way": "copy"}
    )

    assert f"{alpha.host}" in made.text
    assert "/q/" in made.text
    assert "Waiting" in tab
    assert "/q/" not in tab
    for shown in ("17 points", "Moderately", "Take a measure"):
        assert shown not in tab
    assert (refused.status_code, "taken by staff" in refused.text) == (422, True)
    for path in (f"/measures/{secret.pk}/", "/measures/", f"/patients/{ada.pk}/measures/phq-9/"):
        assert reception.get(path).status_code == 403
    with tenant_scope(alpha):
        link = PatientLink.objects.get()
    assert reception.post(f"/measures/links/{link.pk}/cancel/").status_code == 302
    assert "Cancelled" in reception.get(f"/patients/{ada.pk}/measures/").text


def test_the_work_list_and_its_file(  # noqa: PLR0917 - all are fixtures
    alpha, sign_in, ada, taken, patient, appointment
):
    now = timezone.now()
    with tenant_scope(alpha):
        mallory = patient("=cmd|' /C calc'!A0 West")
        for one in (ada, mallory):
            appointment(now - timedelta(days=3), patient=one)
            taken(one, "lefs", 40, days_ago=40)
            taken(one, "tug", 14, days_ago=50)
    owner = sign_in(alpha, "owner")

    page = owner.get("/measures/")
    rows = list(csv.reader(StringIO(owner.get("/measures/due.csv").text)))

    assert "Ada North" in page.text
    assert [row[3] for row in rows] == ["Measure", "TUG", "LEFS", "TUG", "LEFS"]
    assert rows[3][2].startswith("'=")
    assert sign_in(alpha, "clinician").get("/measures/due.csv").status_code == 403


def test_the_pages_cost_the_same_for_one_and_for_thirty(alpha, sign_in, ada, taken, appointment):
    from clinical.patients.models import Patient

    owner = sign_in(alpha, "owner")

    def _cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(path).status_code == 200
        return sum(not re.match("SAVEPOINT|RELEASE", query["sql"]) for query in queries)

    paths = (
        f"/patients/{ada.pk}/measures/",
        f"/patients/{ada.pk}/measures/lefs/",
        f"/patients/{ada.pk}/timeline/",
        "/measures/",
    )
    with tenant_scope(alpha):
        taken(ada, "lefs", 40, days_ago=90)
        taken(ada, "lefs", 40, days_ago=80)
        appointment(timezone.now() - timedelta(days=3), patient=ada)
    for path in paths:
        owner.get(path)
    before = [_cost(path) for path in paths]
    with tenant_scope(alpha):
        for n in range(30):
            taken(ada, ("lefs", "ndi", "phq-9")[n % 3], 10, days_ago=100 + n)
            one = Patient.objects.create(given_names=f"P{n}", family_name="West")
            appointment(timezone.now() - timedelta(days=3), patient=one)
            taken(one, "lefs", 40, days_ago=40)

    assert [_cost(path) for path in paths] == before
    assert max(before) <= 40


def test_the_clinic_sets_its_own_words_for_a_crisis(alpha, sign_in):
    owner = sign_in(alpha, "owner")

    saved = owner.post("/settings/measures/", {"crisis_text": "Call 5550 0100", "link_days": "7"})
    wrong = owner.post("/settings/measures/", {"crisis_text": "", "link_days": "0"})

    assert (saved.status_code, wrong.status_code) == (302, 422)
    with tenant_scope(alpha):
        kept = MeasureSettings.objects.get()
    assert (kept.crisis_text, kept.link_days) == ("Call 5550 0100", 7)
    assert "Own licence needed" in owner.get("/measures/library/").text
