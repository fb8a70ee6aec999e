"""Worked examples for each way of scoring, missing answers, and what never happens."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.measures.instruments import Scoring, all_instruments, get_instrument
from clinical.measures.scoring import AnswerError, Person, read_answer, score


def _all(code: str, points: int) -> dict:
    return {item.key: points for item in get_instrument(code).scored_items}


def _without(answers: dict, *keys: str) -> dict:
    return {key: value for key, value in answers.items() if key not in keys}


def _said(code: str, answers: dict, person: Person | None = None) -> tuple:
    result = score(get_instrument(code), answers, person)
    return result.score, result.band.key if result.band else ""


PHQ = {"q1": 2, "q2": 2, "q3": 1, "q4": 2, "q5": 1, "q6": 1, "q7": 1, "q8": 0, "q9": 0}


@pytest.mark.parametrize(
    ("code", "answers", "wanted"),
    [
        ("phq-9", PHQ, (10, "moderate")),
        ("phq-9", {**PHQ, "difficulty": 3}, (10, "moderate")),
        ("phq-9", _without(PHQ, "q8", "q9"), (13, "moderate")),  # 10 × 9 ÷ 7 = 12.86
        ("phq-9", _without(PHQ, "q7", "q8", "q9"), (None, "")),
        ("phq-9", _all("phq-9", 0), (0, "minimal")),
        ("phq-9", _all("phq-9", 3), (27, "severe")),
        ("gad-7", _all("gad-7", 1), (7, "mild")),
        ("gad-7", _without(_all("gad-7", 2), "q1", "q2"), (14, "moderate")),
        ("gad-7", _without(_all("gad-7", 2), "q1", "q2", "q3"), (None, "")),
        ("k10", _all("k10", 1), (10, "low")),
        ("k10", {**_all("k10", 2), "q1": 4}, (22, "high")),
        ("k10", _without(_all("k10", 3), "q10"), (30, "very_high")),
        ("k10", _without(_all("k10", 3), "q9", "q10"), (None, "")),
        ("nprs", {"average": 4, "worst": 9}, (4, "moderate")),
        ("nprs", {"worst": 9}, (None, "")),
        ("psfs", {"a1": {"words": "Stairs", "points": 3}, "a2": {"words": "Run", "points": 4}},
         (Decimal("3.5"), "")),
        ("psfs", {"a1": {"words": "Stairs", "points": 3}, "a2": {"words": "Run", "points": None}},
         (3, "")),
        ("psfs", {"a1": {"words": "Stairs", "points": None}}, (None, "")),
        ("berg", _all("berg", 3), (42, "low_risk")),
        ("berg", {**_all("berg", 1), "t1": 4}, (17, "high_risk")),
        ("berg", _without(_all("berg", 4), "t14"), (None, "")),
        ("tug", {"trial1": "12.4", "trial2": "11.0"}, (Decimal("11.7"), "usual")),
        ("tug", {"trial1": "12.0"}, (12, "fall_risk")),
        ("10mwt", {"distance": "6", "trial1": "7.5", "trial2": "7.5"},
         (Decimal("0.80"), "limited_community")),
        ("10mwt", {"distance": "10", "trial1": "8"}, (Decimal("1.25"), "community")),
        ("10mwt", {"trial1": "8"}, (None, "")),
        ("6mwt", {"distance": "420"}, (420, "")),
        ("30cst", {"stands": "10"}, (10, "")),
        ("ndi", {"total": "16"}, (16, "moderate")),
        ("odi", {"total": "41"}, (41, "severe")),
        ("dash", {"total": "35.8"}, (Decimal("35.8"), "")),
        ("quickdash", {"total": "29.5"}, (Decimal("29.5"), "")),
        ("lefs", {"total": "52"}, (52, "")),
        ("copm", {"total": "4.2", "satisfaction": "3"}, (Decimal("4.2"), "")),
        ("eq-5d-5l", {"total": "-0.12"}, (Decimal("-0.12"), "")),
        ("sf-12", {"total": "38.1", "mental": "44"}, (Decimal("38.1"), "")),
    ],
)  # fmt: skip
def test_a_worked_example(code, answers, wanted):
    assert _said(code, answers) == wanted


def test_gaps_that_were_filled_are_said_and_named():
    result = score(get_instrument("phq-9"), _without(PHQ, "q8"))

    assert (result.filled, [item.key for item in result.missing]) == (True, ["q8"])
    assert (result.answered, result.wanted) == (8, 9)


def test_the_other_methods_score_as_their_manuals_say():
    ten = replace(get_instrument("k10"), minimum=Decimal(0), maximum=Decimal(100))
    best = replace(get_instrument("tug"), scoring=Scoring("best", missing=2))
    higher = replace(best, direction="higher")
    scaled = replace(ten, scoring=Scoring("mean_scaled", missing=2), decimals=1)
    share = replace(ten, scoring=Scoring("percentage", missing=2))

    assert score(best, {"trial1": "12", "trial2": "11"}).score == 11
    assert score(higher, {"trial1": "12", "trial2": "11"}).score == 12
    assert score(scaled, _without(_all("k10", 2), "q10")).score == 25  # (2 - 1) × 25
    assert score(share, _without(_all("k10", 4), "q10")).score == 80


def test_the_predicted_distance_is_that_of_the_reference_equation():
    answers = {"distance": "420", "height": "175", "weight": "80"}
    walk = get_instrument("6mwt")

    # Men: 7.57 × 175 - 5.02 × 65 - 1.76 × 80 - 309 = 548.65; women: 2.11 × 175 - … + 667 = 477.35
    assert score(walk, answers, Person("male", 65)).subscores == {
        "Predicted distance": 549,
        "Per cent of predicted": 77,
    }
    assert score(walk, answers, Person("female", 65)).subscores["Predicted distance"] == 477
    for person in (Person("male", 35), Person("", 65), Person("male", None)):
        assert score(walk, answers, person).subscores == {}
    assert score(walk, _without(answers, "weight"), Person("male", 65)).subscores == {}


def test_stands_are_compared_with_people_of_the_same_sex_and_age():
    for sex, age, stands, band in (
        ("male", 66, 11, "below_norm"),
        ("male", 66, 12, "norm"),
        ("female", 66, 11, "norm"),
        ("female", 92, 3, "below_norm"),
        ("female", 50, 3, ""),
        ("", 66, 3, ""),
    ):
        assert _said("30cst", {"stands": str(stands)}, Person(sex, age)) == (stands, band)


def test_an_answer_about_self_harm_is_flagged_from_the_first_step():
    phq = get_instrument("phq-9")

    assert score(phq, {"q9": 0}).alerts == ()
    assert [item.key for item in score(phq, {"q9": 1}).alerts] == ["q9"]


@pytest.mark.parametrize(
    ("code", "key", "typed"),
    [
        ("phq-9", "q1", "4"), ("phq-9", "q1", "-1"), ("phq-9", "q1", "٣"), ("phq-9", "q1", "two"),
        ("phq-9", "q1", "9" * 500), ("berg", "t1", "5"), ("tug", "trial1", "0.2"),
        ("tug", "trial1", "NaN"), ("tug", "trial1", "1e999999"), ("tug", "trial1", "twelve"),
        ("10mwt", "distance", "-6"), ("eq-5d-5l", "total", "1.5"),
    ],
)  # fmt: skip
def test_an_answer_that_the_item_does_not_have_is_refused(code, key, typed):
    with pytest.raises(AnswerError):
        read_answer(get_instrument(code).item(key), typed)


def test_what_is_typed_is_read_as_people_type_it():
    tug, psfs = get_instrument("tug").item("trial1"), get_instrument("psfs").item("a1")

    assert read_answer(tug, " 12,44 ") == "12.4"
    assert read_answer(tug, "") is None
    assert read_answer(psfs, "4", "  Climbing\x00 \n stairs ") == {
        "words": "Climbing stairs",
        "points": 4,
    }
    assert read_answer(psfs, "", " ") is None


@st.composite
def _answered(draw):
    instrument = draw(st.sampled_from(list(all_instruments().values())))
    answers = {}
    for item in instrument.items:
        if draw(st.integers(0, 9)) == 0:
            continue
        if item.kind == "number":
            value = draw(st.decimals(item.minimum, item.maximum, places=item.decimals))
            answers[item.key] = read_answer(item, format(value, "f"))
        else:
            points = draw(st.integers(int(item.minimum), int(item.maximum)))
            answers[item.key] = read_answer(item, str(points), "Walking")
    return instrument, answers


@settings(max_examples=50, deadline=None, derandomize=True)
@given(_answered(), st.sampled_from(["male", "female", "other", ""]), st.integers(0, 110))
def test_a_score_stays_within_its_range_and_within_its_bands(answered, sex, age):
    instrument, answers = answered

    result = score(instrument, answers, Person(sex, age))

    assert (result.score is None) == (
        len(result.missing) > instrument.scoring.missing
        or not result.answered
        or (instrument.scoring.distance != "" and instrument.scoring.distance not in answers)
    )
    if result.score is not None:
        highest = instrument.maximum if instrument.scoring.method != "speed" else Decimal(20)
        assert instrument.minimum <= result.score <= highest
        assert (result.band is not None) == bool(instrument.bands) or instrument.norms is not None
        assert -result.score.as_tuple().exponent <= instrument.decimals
