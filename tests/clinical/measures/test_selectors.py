"""Where patients stand, what is due, and how the words for a change come about."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.letters.merge_fields import LetterFacts, merge
from clinical.measures import selectors
from clinical.measures.changes import change_between
from clinical.measures.charts import chart_of, sparkline_of
from clinical.measures.demo import fill
from clinical.measures.instruments import all_instruments, get_instrument
from clinical.measures.models import Assessment

pytestmark = pytest.mark.django_db(databases=["default"])

TODAY = timezone.localdate()


@pytest.mark.parametrize(
    ("code", "before", "now", "words"),
    [
        ("phq-9", 14, 8, "improved by 6 points, more than the minimal important difference of 5"),
        ("phq-9", 8, 13, "worse by 5 points, as much as the minimal important difference of 5"),
        ("phq-9", 8, 8, "no change"),
        ("tug", 14, 13, "improved by 1 s, less than the minimal important difference of 1.4 "
                        "and within the error of measuring (1.1)"),
        ("lefs", 40, 41, "improved by 1 point, less than the minimal important difference of 9 "
                         "and within the error of measuring (9)"),
        ("berg", 30, 36, "improved by 6 points, more than the minimal important difference of 5 "
                         "and within the error of measuring (7)"),
        ("berg", 48, 42, "worse by 6 points, more than the minimal important difference of 5"),
        ("k10", 30, 20, "improved by 10 points; no minimal important difference is agreed"),
        ("eq-5d-5l", "0.6", "0.68", "improved by 0.08, more than the minimal important difference "
                                    "of 0.074"),
    ],
)  # fmt: skip
def test_a_change_in_words(code, before, now, words):
    assert change_between(get_instrument(code), Decimal(before), Decimal(now)).words == words


def test_the_latest_scores_of_many_come_in_one_query(in_alpha, patient, taken):
    ada, ben, carol = patient("Ada North"), patient("Ben South"), patient("Carol West")
    for days, total in ((60, 18), (30, 14), (2, 8)):
        taken(ada, "phq-9", total, days_ago=days)
    taken(ada, "k10", 20)
    taken(ada, "phq-9", 27, state="withdrawn")
    taken(ada, "phq-9", 26, state="replaced")
    taken(ben, "tug", 14)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = selectors.latest_scores([ada.pk, ben.pk, carol.pk])

    assert len(queries) == 1
    phq = found[ada.pk]["phq-9"]
    assert (phq.score, phq.previous, phq.first, phq.count) == (8, 14, 18, 3)
    assert (phq.band_label, phq.tone, phq.better_by, phq.is_important) == ("Mild", "info", 6, True)
    assert {pk: set(mine) for pk, mine in found.items()} == {
        ada.pk: {"phq-9", "k10"}, ben.pk: {"tug"}, carol.pk: set(),
    }  # fmt: skip
    assert set(selectors.latest_scores([ada.pk], codes=["k10"])[ada.pk]) == {"k10"}


def test_due_is_what_was_last_taken_longer_ago_than_its_interval(in_alpha, patient, taken):
    ada, ben = patient("Ada North"), patient("Ben South")
    taken(ada, "phq-9", 12, days_ago=28)
    taken(ada, "tug", 12, days_ago=27)
    taken(ada, "k10", 20, days_ago=90)
    taken(ada, "k10", 20, days_ago=3)
    taken(ben, "lefs", 40, days_ago=500)

    due = selectors.due_measures([ada.pk, ben.pk], today=TODAY)

    assert {pk: [(one.code, one.due_on) for one in mine] for pk, mine in due.items()} == {
        ada.pk: [("phq-9", TODAY)]
    }


def test_the_work_list_is_of_the_clinicians_own_active_patients(
    in_alpha, patient, person, appointment, taken
):
    from clinical.practice.models import Practitioner

    now, owner = timezone.now(), person("owner")
    vale, moss = (Practitioner.objects.create(name=name) for name in ("Vale", "Moss"))
    patients = [patient(f"P{n} North") for n in range(5)]
    for one in patients:
        taken(one, "lefs", 40, days_ago=50)
    appointment(now - timedelta(days=5), patient=patients[0], practitioner=vale)
    coming = appointment(now + timedelta(days=3), patient=patients[0], practitioner=vale)
    appointment(now - timedelta(days=5), patient=patients[1], practitioner=moss)
    appointment(now - timedelta(days=90), patient=patients[2], practitioner=vale)
    appointment(now - timedelta(days=5), patient=patients[3], practitioner=vale, status="cancelled")

    rows = selectors.work_list(owner, practitioner=vale.pk, today=TODAY, now=now)
    everybody = selectors.work_list(owner, practitioner=None, today=TODAY, now=now)

    assert [(row.patient, row.next_visit) for row in rows] == [(patients[0], coming.starts_at)]
    assert [row.patient for row in everybody] == patients[:2]
    assert selectors.work_list(person("reception"), practitioner=None, today=TODAY, now=now) == []


def test_a_course_is_drawn_within_its_frame(in_alpha, patient, person, taken):
    ada, owner = patient(), person("owner")
    for code in all_instruments():
        low = int(get_instrument(code).minimum)
        for days, more in ((70, 1), (35, 3), (35, 2), (0, 0)):
            total = max(low + more, 1)
            taken(ada, code, min(total, int(get_instrument(code).maximum)), days_ago=days)

    for course in selectors.courses_of(owner, ada):
        for chart in (chart_of(course), sparkline_of(course)):
            for point in chart.points:
                assert chart.left <= point.x <= chart.right, course.instrument.code
                assert chart.top - 1 <= point.y <= chart.bottom + 1, course.instrument.code
            for area in chart.areas:
                assert area.height > 0
            assert 2 <= len(chart.ticks) <= 12, course.instrument.code
        assert course.instrument.short in chart_of(course).caption


def test_a_letter_says_the_latest_score_and_what_changed(in_alpha, patient, taken):
    ada = patient()
    taken(ada, "phq-9", 14, days_ago=40)
    taken(ada, "phq-9", 8)

    merged = merge("{{measures.phq_9}}. {{measures.tug}}", LetterFacts(ada, "Clinic", TODAY))

    assert merged.text == (
        f"PHQ-9 8 of 27 (mild) on {TODAY:%-d %B %Y}; improved by 6 points, more than the minimal "
        "important difference of 5 since the first. {{measures.tug}}"
    )
    assert merged.empty == ("measures.tug",)


def test_crisis_lines_follow_the_country_until_the_clinic_has_its_own(in_alpha):
    from clinical.measures.models import MeasureSettings

    assert "13 11 14" in selectors.crisis_text("Australia/Perth")
    assert "1737" in selectors.crisis_text("Pacific/Auckland")
    assert "emergency" in selectors.crisis_text("Europe/Berlin")
    MeasureSettings.objects.create(crisis_text="Call us: 5550 0100")
    assert selectors.crisis_text("Australia/Perth") == "Call us: 5550 0100"


def test_the_demo_is_filled_with_courses_that_mostly_improve(in_alpha, patient, appointment):
    import random

    from clinical.practice.models import Practitioner

    vale = Practitioner.objects.create(name="Vale")
    for n in range(16):
        one = patient(f"P{n} North", date_of_birth=date(1955, 1, 1), sex="male")
        appointment(timezone.now() - timedelta(days=n), patient=one, practitioner=vale)

    for _ in range(2):
        fill(random.Random(1), timezone.now())

    found = selectors.latest_scores(Assessment.objects.values_list("patient", flat=True))
    better = [one.better_by for mine in found.values() for one in mine.values()]
    assert len(found) == 16
    assert {one.code for mine in found.values() for one in mine.values()} >= {
        "lefs",
        "phq-9",
        "tug",
    }
    assert sum(change >= 0 for change in better) > len(better) * 0.6
    assert Assessment.objects.exclude(score=None).count() == Assessment.objects.count() > 90
