from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.filemaker.sources import Field, Table
from onboarding.imports.loading.reading import RecordReader
from onboarding.imports.manners import DATED, Manner, ways_of
from onboarding.imports.mapping import FieldRule, Options, TableRule
from onboarding.imports.structure import TableStructure
from onboarding.imports.targets import ENTITIES
from onboarding.imports.values.text import folded

TODAY = date(2026, 11, 21)


def field(number, name, kind="text", repetitions=1):
    return Field(
        number, name, "normal", kind, repetitions, is_global=False, comment="", derived=False
    )


FIELDS = tuple(field(number, f"Field {number}") for number in range(1, 6))


def read(payload, *rules, entity="patient", constants=(), fields=FIELDS, **options):
    table = TableStructure(Table(129, "People", 1), fields)
    rule = TableRule(129, entity, rules, constants=tuple(constants))
    return RecordReader(table, rule, Options(**options), TODAY).read(1, payload)


def plain(record):
    return {name: [v.value for v in found] for name, found in record.values.items()}


def test_an_address_in_one_field_is_split():
    record = read(
        {"1": "Unit 4/7 Long Road\rHawthorn East, Victoria 3123\rAustralia"},
        FieldRule(1, "home_lines", "block"),
    )

    assert plain(record) == {
        "home_lines": ["Unit 4/7 Long Road"],
        "home_suburb": ["Hawthorn East"],
        "home_state": ["VIC"],
        "home_postcode": ["3123"],
        "home_country": ["Australia"],
    }


def test_an_address_without_a_postcode_stays_whole_and_is_told():
    record = read({"1": "the blue house\vbehind the pub"}, FieldRule(1, "home_lines", "block"))

    assert plain(record) == {"home_lines": ["the blue house\nbehind the pub"]}
    assert [issue.code for issue in record.issues] == ["address_unsplit"]


def test_fields_are_joined_in_the_order_and_with_the_sign_that_were_chosen():
    record = read(
        {"1": "anxious", "2": "2024", "3": "knee"},
        FieldRule(1, "alerts", manner=Manner(glue=", ", order=2)),
        FieldRule(2, "alerts", manner=Manner(glue=" – ", order=3)),
        FieldRule(3, "alerts", manner=Manner(order=1)),
    )

    assert plain(record) == {"alerts": ["knee, anxious – 2024"]}


def test_a_date_and_a_time_joined_are_read_as_one_moment():
    record = read(
        {"1": "3/4/2026", "2": "9:30"},
        FieldRule(1, "starts_at"),
        FieldRule(2, "starts_at", manner=Manner(glue=" ", order=1)),
        entity="appointment",
    )

    assert plain(record) == {"starts_at": [(date(2026, 4, 3), time(9, 30))]}
    assert record.extra == {}


def test_joined_fields_that_cannot_be_read_keep_each_its_own_text():
    record = read(
        {"1": "soon", "2": "9:30"},
        FieldRule(1, "starts_at"),
        FieldRule(2, "starts_at", manner=Manner(glue=" ", order=1)),
        entity="appointment",
    )

    assert record.values == {}
    assert record.extra == {"Field 1": "soon", "Field 2": "9:30"}


def test_a_checkbox_field_becomes_a_list():
    record = read({"1": "Diabetes\rAsthma\rDiabetes"}, FieldRule(1, "alerts", "list"))

    assert plain(record) == {"alerts": ["Diabetes, Asthma"]}


def test_the_first_line_is_taken_and_the_others_are_kept():
    record = read({"1": "Kew\rHawthorn"}, FieldRule(1, "home_suburb", "first_line"))

    assert plain(record) == {"home_suburb": ["Kew"]}
    assert record.extra == {"Field 1": "Kew\nHawthorn"}


@pytest.mark.parametrize(
    ("text", "pivot", "expected"),
    [("3/4/26", None, date(2026, 4, 3)), ("3/4/27", None, date(1927, 4, 3)),
     ("3/4/26", 10, date(1926, 4, 3)), ("3/4/09", 10, date(2009, 4, 3))],
)  # fmt: skip
def test_years_of_two_digits_turn_where_the_clinic_says(text, pivot, expected):
    record = read({"1": text}, FieldRule(1, "date_of_birth", manner=Manner(pivot=pivot)))

    assert plain(record) == {"date_of_birth": [expected]}


def test_the_order_of_a_date_is_the_fields_own():
    record = read(
        {"1": "3/4/1980", "2": "3/4/1980"},
        FieldRule(1, "date_of_birth", "MDY"),
        FieldRule(2, "plan_start"),
    )

    assert plain(record) == {
        "date_of_birth": [date(1980, 3, 4)],
        "plan_start": [date(1980, 4, 3)],
    }


def test_words_have_the_meaning_the_clinic_gives_them():
    rule = FieldRule(
        1, "is_active", manner=Manner(words=(("", "no"), ("behandlung", "yes"), ("weg", "no")))
    )

    found = [plain(read(payload, rule)) for payload in ({"1": "Behandlung"}, {"1": "weg"}, {})]

    assert found == [{"is_active": [True]}, {"is_active": [False]}, {"is_active": [False]}]


def test_a_word_that_stands_for_another_keeps_the_first():
    rule = FieldRule(1, "home_state", manner=Manner(words=(("victoria", "VIC"),)))

    record = read({"1": "Victoria"}, rule)

    assert plain(record) == {"home_state": ["VIC"]}
    assert record.extra == {"Field 1": "Victoria"}


@pytest.mark.parametrize(
    ("how", "text", "value", "kept"),
    [
        ("", "1.234,50", 123450, {}),
        ("", "ca. 50", None, {"Field 1": "ca. 50"}),
        ("digits", "ca. 50", 5000, {"Field 1": "ca. 50"}),
        ("text", "50", None, {"Field 1": "50"}),
    ],
)
def test_numbers_are_read_by_the_rule_of_their_field(how, text, value, kept):
    record = read({"1": text}, FieldRule(1, "total", how), entity="invoice", decimal_sign=",")

    assert record.first("total") == value
    assert record.extra == kept


def test_what_is_the_same_for_all_stands_in_every_record_but_blank_ones():
    constants = [("location", "Kew")]

    record = read({"1": "Anna"}, FieldRule(1, "given_names"), constants=constants)
    blank = read({}, FieldRule(1, "given_names"), constants=constants)

    assert plain(record) == {"given_names": ["Anna"], "location": ["Kew"]}
    assert (blank.blank, blank.values) == (True, {})


def test_further_repetitions_of_a_field_that_holds_one_value_are_kept():
    record = read({"1": "3/4/1980", "1:2": "soon"}, FieldRule(1, "date_of_birth"))

    assert plain(record) == {"date_of_birth": [date(1980, 4, 3)]}
    assert record.extra == {"Field 1 [2]": "soon"}


def test_repetitions_become_rows_each_with_its_number():
    record = read({"1": "Tape", "1:3": "Orthotic"}, FieldRule(1, "line_description"),
                  entity="invoice")  # fmt: skip

    assert [(v.repetition, v.value) for v in record.values["line_description"]] == [
        (1, "Tape"),
        (3, "Orthotic"),
    ]


def test_only_the_first_repetition_where_that_was_chosen():
    record = read({"1": "knee", "1:2": "hip"}, FieldRule(1, "alerts", "first_only"))

    assert plain(record) == {"alerts": ["knee"]}
    assert record.extra == {"Field 1 [2]": "hip"}


def test_a_word_beside_a_date_is_kept():
    record = read({"1": "approx. 3 March 1980"}, FieldRule(1, "date_of_birth"))

    assert record.extra.get("Field 1") == "approx. 3 March 1980"


def test_numbers_are_never_floating_point():
    record = read({"1": "0.1"}, FieldRule(1, "total"), entity="invoice")

    assert record.first("total") == 10
    assert isinstance(record.first("total"), int)
    assert Decimal("0.1") * 100 == record.first("total")


# ── whatever stands in a cell ─────────────────────────────────────────────────────────────────────

PLACES = [
    (entity.name, target.name, how)
    for entity in ENTITIES.values()
    for target in entity.targets
    for how, _ in ways_of(target)
]
ODD = st.sampled_from(
    ["12 Main St\rKew VIC 3101", "0412 345 678 (mum), 9555 1234", "?", "Dr van der Berg, Anna Maria",
     "a@b.example, c@d.example", "31/12/79", "ca. 50+", "1\r2\r3", "NDIS 430 123 456", "x", "\x0b",
     "rang, cancelled", "Ja", "#ff0000", "10115 Berlin", "3/4/2026 9:30 PM", "<Table Missing>"]
)  # fmt: skip
CELL = st.one_of(
    ODD,
    st.text(max_size=60),
    st.lists(ODD, min_size=2, max_size=3).map("\r".join),
    st.text(alphabet="0123456789/.:- ,\r\x0babcé+()@", max_size=40),
)
TYPED = {*DATED, "number", "integer", "money", "time", "minutes", "colour", "status", "sex"}
TYPED |= {"archived", "active", "flag"}


def words_in(record):
    said = [str(part) for part in record.extra.values()]
    for found in record.values.values():
        for value in found:
            items = list(value.value) if isinstance(value.value, list | tuple) else [value.value]
            for item in items:
                said.append(str(item))
                said += [str(getattr(item, name, "")) for name in
                         ("value", "note", "given", "family", "middle", "title")]  # fmt: skip
    return set(folded("\n".join(said)).split())


@settings(max_examples=700, deadline=None)
@given(st.sampled_from(PLACES), st.lists(CELL, min_size=1, max_size=3))
def test_no_way_of_reading_raises_or_loses_a_word(place, cells):
    entity, target_name, how = place
    target = ENTITIES[entity].by_name[target_name]
    payload = {("1" if n == 1 else f"1:{n}"): text for n, text in enumerate(cells, start=1)}

    record = read(payload, FieldRule(1, target_name, how), entity=entity,
                  fields=(field(1, "Field 1", repetitions=3),))  # fmt: skip

    if target.kind in TYPED:
        if any(text.strip() for text in cells) and not record.values:
            assert record.extra or not folded("".join(cells))
        return
    there = words_in(record) | set(folded(f"{target.label} {target.name} number no nr id").split())
    for text in cells:
        assert set(folded(text).split()) <= there


@settings(max_examples=200, deadline=None)
@given(st.lists(CELL, min_size=2, max_size=4), st.sampled_from([" ", ", ", "\n", " – ", ""]))
def test_joining_loses_no_letter(cells, glue):
    rules = [
        FieldRule(n, "notes", manner=Manner(glue=glue if n > 1 else None, order=n))
        for n in range(1, len(cells) + 1)
    ]

    record = read({str(n): text for n, text in enumerate(cells, start=1)}, *rules)

    said = "".join(words_in_order(record))
    for text in cells:
        assert "".join(folded(text).split()) in said


def words_in_order(record):
    return folded("\n".join([*(v.value for v in record.values.get("notes", ())),
                             *record.extra.values()])).split()  # fmt: skip
