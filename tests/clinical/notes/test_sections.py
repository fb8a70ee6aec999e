"""What each kind of section keeps of an answer, and how it reads."""

from __future__ import annotations

import json

import pytest

from clinical.notes import body_chart
from clinical.notes.sections import (
    Kind,
    Section,
    SectionError,
    TemplateSectionError,
    answered,
    checked,
    empty_answer,
)
from clinical.notes.standard import STANDARD

MARK = {"view": "front", "sign": "pain", "label": "on stairs", "points": [[0.395, 0.71]]}


def _section(kind: Kind, **more) -> Section:
    return Section(key="s1", kind=kind, heading="Asked", **more)


def test_answers_are_kept_as_values_and_as_words():
    lists = {"lines": ("Cane", "Frame")}
    ends = {"low": 0, "high": 10, "high_label": "worst"}
    cases = (
        (_section(Kind.TEXT), "a\r\nb\x00 ", None, "a\nb"),
        (_section(Kind.CHOICE, **lists), "Cane", "Cane", "Cane"),
        (
            _section(Kind.CHECKLIST, **lists),
            ["Frame", "Cane"],
            ["Cane", "Frame"],
            "- Cane\n- Frame",
        ),
        (_section(Kind.SCALE, **ends), "10", 10, "10 of 10 (worst)"),
        (_section(Kind.SCALE, **ends), "0", 0, "0 of 10"),
        (_section(Kind.SCALE, **ends), "", None, ""),
        (_section(Kind.NUMBER, unit="kg"), "42,50", "42.50", "42.50 kg"),
        (_section(Kind.DATE), "2026-11-03", "2026-11-03", "3 November 2026"),
        (_section(Kind.TABLE, **lists), [["1"], ["", ""]], [["1", ""]], "Cane: 1"),
        (
            _section(Kind.BODY),
            json.dumps([MARK]),
            [MARK],
            "1. Pain, right knee (front): on stairs",
        ),
    )
    for section, raw, value, text in cases:
        kept = answered(section, raw)
        assert (kept.get("value"), kept["text"]) == (value, text), section.kind
        if value is not None:
            assert answered(section, kept["value"]) == kept, "what is kept can be kept again"


def test_answers_that_do_not_fit_are_refused_naming_the_section():
    lists = {"lines": ("Cane",)}
    cases = (
        (_section(Kind.TEXT), "x" * 100_001),
        (_section(Kind.CHOICE, **lists), "Boat"),
        (_section(Kind.CHECKLIST, **lists), ["Boat"]),
        (_section(Kind.SCALE), "11"),
        (_section(Kind.SCALE), "4.5"),
        (_section(Kind.NUMBER), "NaN"),
        (_section(Kind.NUMBER), "1e999999999"),
        (_section(Kind.DATE), "2026-02-30"),
        (_section(Kind.TABLE, **lists), [["x"]] * 201),
        *(
            (_section(Kind.BODY), raw)
            for raw in (
                "{",
                "[" * 5000,
                "[1]",
                json.dumps([{**MARK, "view": "side"}]),
                json.dumps([{**MARK, "sign": "<svg>"}]),
                json.dumps([{**MARK, "points": [[0, 2]]}]),
                json.dumps([{**MARK, "points": [[True, "x"]]}]),
                '[{"view": "front", "sign": "pain", "points": [[NaN, 0]]}]',
                json.dumps([MARK] * 61),
            )
        ),
    )
    for section, raw in cases:
        with pytest.raises(SectionError, match="Asked"):
            answered(section, raw)


def test_every_region_of_the_body_is_found_where_it_is_drawn():
    for view, regions in body_chart.REGIONS.items():
        for name, x, y in regions.values():
            assert body_chart.region_of({"view": view, "points": [[x, y]]}) == name


def test_the_standard_templates_are_good_ones():
    for standard in STANDARD:
        sections = checked(standard.sections)
        assert [Section.read(section.stored()) for section in sections] == list(sections)
        assert all(empty_answer(section)["text"] == "" for section in sections)


def test_a_template_that_cannot_be_filled_in_is_refused():
    for sections in (
        [],
        [_section(Kind.TEXT), _section(Kind.TEXT)],
        [Section(key="s1", kind=Kind.SCALE, heading="")],
        [_section(Kind.SCALE, low=5, high=5)],
        [_section(Kind.CHOICE)],
        [_section(Kind.TABLE, lines=("a", "a"))],
    ):
        with pytest.raises(TemplateSectionError):
            checked(sections)
