from xml.etree import ElementTree as ET

import pytest

from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.sources import (
    ExternalSource,
    Field,
    Locale,
    Relationship,
    ValueList,
)

TABLE, OTHER = b"\x80\x01", b"\x80\x02"


def number(key):
    return bytes((len(key) + 1, len(key))) + key


def occurrence(raw, key, name, table, source=b"\0"):
    path = (b"\x03", b"\x11", b"\x05", key)
    return [
        (path, b"\x02", number(source) + number(table) + bytes(20)),
        (path, b"\x10", raw.mask(name)),
    ]


@pytest.fixture
def two_tables(raw):
    entries = raw.table(TABLE, "People", {b"\x01": ("Id", raw.definition(type_=2))})
    entries += raw.table(OTHER, "Visits", {b"\x07": ("Person", raw.definition())})
    entries += occurrence(raw, b"\xd0\x00\x01", b"people", TABLE)
    entries += occurrence(raw, b"\xd0\x00\x02", b"visits", OTHER)
    entries += occurrence(raw, b"\xd0\x00\x03", b"elsewhere", TABLE, source=b"\x04")
    return entries


def test_fields_are_read_with_kind_type_repetitions_global_and_comment(raw, make_file):
    fields = {
        b"\x01": ("Name", raw.definition(1, 1)),
        b"\x02": ("Fee", raw.definition(1, 2, repetitions=4)),
        b"\x03": ("Age", raw.definition(2, 2)),
        b"\x04": ("Total", raw.definition(3, 2)),
        b"\x05": ("Logo", raw.definition(1, 6, flags=1)),
        b"\x80\x06": ("Seen", raw.definition(1, 5)),
    }
    comment = ((TABLE, b"\x03", b"\x05", b"\x01"), b"\x03", raw.mask(b"Family name first"))

    with open_file(make_file([*raw.table(TABLE, "People", fields), comment])) as file:
        assert file.fields(129) == [
            Field(1, "Name", "normal", "text", 1, False, "Family name first", False),
            Field(2, "Fee", "normal", "number", 4, False, "", False),
            Field(3, "Age", "calc", "number", 1, False, "", True),
            Field(4, "Total", "summary", "number", 1, False, "", True),
            Field(5, "Logo", "normal", "container", 1, True, "", False),
            Field(134, "Seen", "normal", "timestamp", 1, False, "", False),
        ]


def test_what_deleted_tables_and_fields_left_behind_is_kept_apart(raw, make_file):
    entries = raw.people(2)
    entries.append(((TABLE, b"\x03", b"\x05", b"\x09"), b"\x02", raw.definition(2, 3)))
    entries.append(((OTHER, b"\x03", b"\x05", b"\x01"), b"\x10", raw.mask(b"Leftover")))

    with open_file(make_file(entries)) as file:
        assert [table.id for table in file.tables()] == [129]
        assert [field.id for field in file.fields(129)] == [1]
        assert [(f.id, f.kind, f.type) for f in file.nameless_fields(129)] == [(9, "calc", "date")]
        with pytest.raises(LookupError, match="no table 130"):
            file.fields(130)


def test_names_and_comments_in_pieces_are_read_whole(raw, make_file):
    table, of = (b"\x03", b"\x10", b"\x05", TABLE), (TABLE, b"\x03", b"\x05", b"\x01")
    entries = [
        *raw.in_pieces(table, b"\x10", "Παιδιά 😀"),
        (of, b"\x02", raw.definition()),
        *raw.in_pieces(of, b"\x03", "Frühling, Ω" * 30, size=100),
        *raw.in_pieces(of, b"\x10", "Ω" * 100, size=7),
    ]

    with open_file(make_file(entries)) as file:
        assert [(found.id, found.name) for found in file.tables()] == [(129, "Παιδιά 😀")]
        assert [(f.name, f.comment) for f in file.fields(129)] == [("Ω" * 100, "Frühling, Ω" * 30)]
        assert file.nameless_fields(129) == []


def test_a_nameless_field_with_values_is_offered_under_its_number(raw, make_file):
    entries = raw.people(2)
    entries += [
        ((TABLE, b"\x03", b"\x05", b"\x09"), b"\x02", raw.definition(1, 3, repetitions=2)),
        ((TABLE, b"\x03", b"\x05", b"\x0a"), b"\x02", raw.definition()),
        ((TABLE, b"\x05", b"\x02"), b"\x09", raw.mask(b"1/2/2026")),
    ]

    with open_file(make_file(entries)) as file:
        assert [(f.id, f.name, f.is_nameless) for f in file.fields(129)] == [
            (1, "Name", False),
            (9, "Field 9", True),
        ]
        assert file.fields(129)[1].type == "date"
        assert file.fields(129)[1].repetitions == 2
        assert [record.values.get((9, 1)) for record in file.records(129)] == [None, "1/2/2026"]
        [told] = (warning for warning in file.warnings if warning.code == "fields-without-name")
        assert told.facts == {"table_id": 129, "field_ids": [9]}


def test_a_nameless_global_field_with_a_value_is_offered_too(raw, make_file):
    entries = raw.people(1)
    entries.append(((TABLE, b"\x03", b"\x05", b"\x09"), b"\x02", raw.definition(flags=1)))
    entries.append(((TABLE, b"\x08"), b"\x09", raw.mask(b"Main St")))

    with open_file(make_file(entries)) as file:
        assert [(f.id, f.is_global, f.is_nameless) for f in file.fields(129)] == [
            (1, False, False),
            (9, True, True),
        ]


def test_a_field_definition_that_is_not_one_is_taken_as_text_and_told(raw, make_file):
    fields = {b"\x01": ("A", b"\x09\x09"), b"\x02": ("B", raw.definition(1, 77))}

    with open_file(make_file(raw.table(TABLE, "People", fields))) as file:
        assert [(f.name, f.kind, f.type) for f in file.fields(129)] == [
            ("A", "normal", "text"),
            ("B", "normal", "text"),
        ]
        assert file.warnings[-1].facts["field_ids"] == [1, 2]


def test_relationships_join_fields_of_tables_through_their_occurrences(raw, make_file, two_tables):
    here = (b"\x03", b"\xfb", b"\x05", b"\x01")
    there = (b"\x03", b"\xfb", b"\x05", b"\x02")
    left, right, outside = (number(b"\xd0\x00" + n) for n in (b"\x01", b"\x02", b"\x03"))
    entries = [
        *two_tables,
        (here, b"\x02", left + right + bytes(30)),
        ((*here, b"\x03"), b"\x01", b"\0" + number(b"\x01") + number(b"\x07")),
        ((*here, b"\x03"), b"\x02", b"\x03" + number(b"\x02") + number(b"\x80\x06")),
        (there, b"\x02", outside + right + bytes(30)),
        ((*there, b"\x03"), b"\x01", b"\x06" + number(b"\x01") + number(b"\x01")),
    ]

    with open_file(make_file(entries)) as file:
        assert file.relationships() == [
            Relationship(1, "people", 129, 1, "=", "visits", 130, 7),
            Relationship(1, "people", 129, 2, "≤", "visits", 130, 134),
            Relationship(2, "elsewhere", None, 1, "×", "visits", 130, 1),
        ]


def test_value_lists_are_typed_in_or_show_a_field(raw, make_file, two_tables):
    typed, shown = (b"\x21", b"\x05", b"\x01"), (b"\x21", b"\x05", b"\x02")
    entries = [
        *two_tables,
        (typed, b"\x03", raw.mask(b"Yes\rNo")),
        (typed, b"\x10", raw.mask(b"YN")),
        (shown, b"\x02", b"\x01\0\0" + number(b"\xd0\x00\x02") + number(b"\x07") + b"\0\1"),
        (shown, b"\x10", raw.mask(b"People seen")),
    ]

    with open_file(make_file(entries)) as file:
        assert file.value_lists() == [
            ValueList(1, "YN", ("Yes", "No")),
            ValueList(2, "People seen", (), 130, 7),
        ]


def test_external_sources_are_listed_with_their_paths(raw, make_file, two_tables):
    here = (b"\x20", b"\x05", b"\x01")
    paths = b"\0\0\0\2\x04" + raw.mask(b"file") + b"\0\x05" + raw.mask(b"Notes")
    paths += b"\0\0\x06" + raw.mask(b"$$Path")
    entries = [*two_tables, (here, b"\x10", raw.mask(b"Notes")), (here, b"\x82", paths)]

    with open_file(make_file(entries)) as file:
        assert file.external_sources() == [ExternalSource(1, "Notes", ("file:Notes", "$$Path"))]


def test_value_lists_and_sources_and_occurrences_may_be_named_in_pieces(raw, make_file, two_tables):
    typed, source = (b"\x21", b"\x05", b"\x01"), (b"\x20", b"\x05", b"\x01")
    box, link = (b"\x03", b"\x11", b"\x05", b"\xd0\x00\x04"), (b"\x03", b"\xfb", b"\x05", b"\x01")
    entries = [
        *two_tables,
        *raw.in_pieces(typed, b"\x03", "はい\rいいえ"),
        *raw.in_pieces(typed, b"\x10", "選択"),
        *raw.in_pieces(source, b"\x10", "Σημειώσεις"),
        (box, b"\x02", number(b"\0") + number(TABLE)),
        *raw.in_pieces(box, b"\x10", "παιδιά"),
        (link, b"\x02", number(b"\xd0\x00\x04") + number(b"\xd0\x00\x02")),
        ((*link, b"\x03"), b"\x01", b"\0" + number(b"\x01") + number(b"\x07")),
    ]

    with open_file(make_file(entries)) as file:
        assert file.value_lists() == [ValueList(1, "選択", ("はい", "いいえ"))]
        assert file.external_sources() == [ExternalSource(1, "Σημειώσεις", ())]
        assert file.relationships() == [
            Relationship(1, "παιδιά", 129, 1, "=", "visits", 130, 7),
        ]


def test_nul_has_no_place_in_names(raw, make_file):
    entries = raw.table(TABLE, "Peo\0ple", {b"\x01": ("Na\0me", raw.definition())})

    with open_file(make_file(entries)) as file:
        assert [table.name for table in file.tables()] == ["People"]
        assert [field.name for field in file.fields(129)] == ["Name"]


def test_the_locale_says_how_dates_and_numbers_are_written(raw, make_file, two_tables):
    units = "".join(";“”.,.:").encode("utf-16-be")
    block = b"\0\0\0\x19\0\xe3\0\0\0" + units + b"\x02\x01\x03\x01\x06\x08"
    block += b"\x03" + raw.mask(b" AM") + b"\0" + b"\x01" + raw.mask(b"x")

    with open_file(make_file([*two_tables, ((b"\x02",), b"\x0d", block)])) as file:
        assert file.locale() == Locale("DMY", ".", ",", ".", ":", " AM", "")
    with open_file(make_file(two_tables)) as file:
        assert file.locale() is None


def test_the_fields_of_a_real_file_named_in_pieces_are_read(shared):
    sample = shared / "samples" / "soliantconsulting__fm-punisher__Punisher_20230108_Clone.fmp12"

    with open_file(sample) as file:
        found = {
            (table.name, field_id): field.name
            for table in file.tables()
            for field_id in file.fields_named_in_pieces(table.id)
            for field in file.fields(table.id)
            if field.id == field_id
        }
        assert [f for table in file.tables() for f in file.nameless_fields(table.id)] == []

    assert found == {
        ("sessions", 16): "Ω__Client",
        ("sessions", 17): "Ω__Host",
        ("sessions", 18): "Ω__session_number_total",
        ("sessions", 21): "Ω__performance_toggle_on",
        ("runs", 17): "Ω_zz_FMS_c",
        ("results_compiled", 9): "Ω_results",
    }


# --- against what FileMaker itself says of the same file --------------------------------------

DATATYPES = {"Binary": "container"}
FIELDTYPES = {"Normal": "normal", "Calculated": "calc", "Summary": "summary"}
JOINS = {"Equal": "="}


@pytest.fixture(params=["Ooe", "Ooe2"])
def with_truth(request, shared):
    [truth] = (shared / "truth").glob(f"{request.param}__*.xml")
    tree = ET.parse(truth).getroot()  # noqa: S314 - a local file of known origin
    with open_file(shared / "samples" / f"joshormond__ooe-fm__{request.param}.fmp12") as file:
        yield file, tree


def test_tables_are_those_of_claris(with_truth):
    file, truth = with_truth

    listed = [(int(t.get("id")), t.get("name")) for t in truth.iter("BaseTable")]

    assert [(table.id, table.name) for table in file.tables()] == listed


def test_fields_are_those_of_claris(with_truth):
    file, truth = with_truth

    listed = {}
    for catalogue in truth.iter("FieldCatalog"):
        table = catalogue.find("BaseTableReference")
        for field in catalogue.iter("Field"):
            if field.get("datatype") is None:
                continue
            storage = field.find("Storage")
            listed[int(table.get("id")), int(field.get("id"))] = (
                field.get("name"),
                FIELDTYPES[field.get("fieldtype")],
                DATATYPES.get(field.get("datatype"), field.get("datatype").lower()),
                field.get("comment"),
                storage is not None and storage.get("global") == "True",
                1 if storage is None else int(storage.get("maxRepetitions", 1)),
            )

    assert {
        (table.id, f.id): (f.name, f.kind, f.type, f.comment, f.is_global, f.repetitions)
        for table in file.tables()
        for f in file.fields(table.id)
    } == listed


def test_relationships_are_those_of_claris(with_truth):
    file, truth = with_truth

    listed = []
    for relationship in truth.iter("Relationship"):
        for predicate in relationship.iter("JoinPredicate"):
            left = predicate.find("LeftField/FieldReference")
            right = predicate.find("RightField/FieldReference")
            listed.append(
                (
                    int(relationship.get("id")),
                    left.find("TableOccurrenceReference").get("name"),
                    int(left.get("id")),
                    JOINS[predicate.get("type")],
                    right.find("TableOccurrenceReference").get("name"),
                    int(right.get("id")),
                )
            )

    assert [
        (r.id, r.left_occurrence, r.left_field_id, r.operator, r.right_occurrence, r.right_field_id)
        for r in file.relationships()
    ] == listed


def test_value_lists_are_those_of_claris(with_truth):
    file, truth = with_truth

    names = {field.id: field.name for t in file.tables() for field in file.fields(t.id)}
    listed = []
    for one in truth.iterfind(".//OptionsForValueLists/ValueList"):
        reference = one.find("ValueListReference")
        field = one.find("Field/PrimaryField/FieldReference")
        listed.append(
            (
                int(reference.get("id")),
                reference.get("name"),
                (one.findtext("CustomValues/Text") or "").replace("\n", "\r"),
                None if field is None else int(field.get("id")),
            )
        )

    assert [(v.id, v.name, "\r".join(v.values), v.field_id) for v in file.value_lists()] == listed
    assert {v.field_id for v in file.value_lists() if v.field_id} <= set(names)


def test_external_sources_are_those_of_claris(with_truth):
    file, truth = with_truth

    listed = [
        (int(one.get("id")), one.get("name"), one.findtext("File/UniversalPathList"))
        for one in truth.iterfind(".//ExternalDataSourceCatalog/ExternalDataSource")
    ]

    assert [(s.id, s.name, "\n".join(s.paths)) for s in file.external_sources()] == listed
