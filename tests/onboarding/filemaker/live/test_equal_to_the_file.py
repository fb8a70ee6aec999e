"""What a server sends is what the file holds: the same records, cells, repetitions and files."""

import hashlib
import re
from decimal import Decimal

import pytest

from onboarding.filemaker.live.identity import known_tables
from onboarding.filemaker.sources import ContainerRef
from tests.onboarding.filemaker.live.double.database import Shown


def meaning(field, text, locale):
    """A cell as what it means, so that two ways of writing one date or number are equal."""
    shown = Shown(locale, 2)
    if field.type == "number":
        found = shown.number(text)
        return found if isinstance(found, str) else Decimal(str(found))
    if field.type == "date":
        return shown.parse_date(text) or text
    if field.type == "time":
        return shown.parse_time(text) or text
    if field.type == "timestamp":
        head, _, tail = text.partition(" ")
        day, clock = shown.parse_date(head), shown.parse_time(tail)
        return (day, clock) if day and clock else text
    return text


def digest(found):
    return hashlib.sha256(found.read()).hexdigest() if found else None


def everything(source, *, only_first=frozenset()):
    """All tables by name, with each record's cells by field name and repetition."""
    tables = {}
    locale = source.locale()
    for table in source.tables():
        fields = {field.id: field for field in source.fields(table.id) if not field.derived}
        records = {}
        for record in source.records(table.id):
            cells = {}
            for (field_id, repetition), text in record.values.items():
                field = fields.get(field_id)
                if field is None or not text:
                    continue
                value = meaning(field, text, locale)
                if field.type == "container":
                    ref = ContainerRef.from_cell(text)
                    value = ref.paths
                    if not ref.is_external:
                        value = digest(source.container(table.id, ref.object_id))
                cells[field.name, repetition] = value
            records[record.id] = (record.modification_count, cells)
        tables[table.name] = (table.record_count, records)
    return tables


def test_the_data_api_gives_what_the_file_holds(live, native):
    with live() as source:
        found = everything(source)
        warnings = list(source.warnings)

    assert found == everything(native)
    assert warnings == []


def test_an_older_server_with_american_dates_gives_the_same(live, native, double):
    double.knows_dateformats = double.knows_portal_list = False

    with live() as source:
        assert everything(source) == everything(native)
        assert source.locale().date_order == "MDY"


def test_a_server_before_18_gives_the_same(live, native, double):
    double.has_data_info = double.knows_dateformats = False

    with live() as source:
        assert everything(source) == everything(native)


def test_odata_gives_the_same_but_for_repetitions_and_outside_files(live, native):
    with live("odata") as source:
        found = everything(source)
        codes = {warning.code for warning in source.warnings}

    assert without_odatas_gaps(found) == without_odatas_gaps(everything(native))
    assert codes == {"repetitions-hidden", "container-missing"}


def test_odata_that_sends_repetitions_gives_them_all(live, native, double):
    double.odata_repetitions = True

    with live("odata") as source:
        found = everything(source)

    repeated = {key for _, cells in found["Patients"][1].values() for key in cells if key[1] > 1}
    assert outside_left_out(found) == outside_left_out(everything(native))
    fields = ("Goals", "Other Contact", "Other Contact Phone", "Other Contact Relationship")
    assert repeated == {(name, repetition) for name in fields for repetition in (2, 3)}


def outside_left_out(tables):
    """OData sends no bytes for a file kept elsewhere, and not its path either."""
    return {
        name: (
            count,
            {
                number: (
                    turn,
                    {k: v for k, v in cells.items() if k[0] != "File" or isinstance(v, str)},
                )
                for number, (turn, cells) in records.items()
            },
        )
        for name, (count, records) in tables.items()
    }


def without_odatas_gaps(tables):
    return {
        name: (
            count,
            {
                number: (turn, {k: v for k, v in cells.items() if k[1] == 1})
                for number, (turn, cells) in records.items()
            },
        )
        for name, (count, records) in outside_left_out(tables).items()
    }


@pytest.mark.parametrize("interface", ["data-api", "odata"])
def test_globals_and_containers_are_those_of_the_file(live, native, interface):
    table = next(t for t in native.tables() if t.name == "Documents")
    settings = next(t for t in native.tables() if t.name == "zz_Globals")
    names = {f.id: f.name for f in native.fields(settings.id) if f.type == "text"}
    with live(interface, known=known_tables(native)) as source:
        ids = {t.name: t.id for t in source.tables()}
        files = sorted(digest(found) for found in source.containers(ids["Documents"]))
        spoken = {
            field.name: text
            for field in source.fields(ids["zz_Globals"])
            for (number, _), text in source.global_values(ids["zz_Globals"]).items()
            if number == field.id and field.type == "text"
        }

    assert files == sorted(digest(found) for found in native.containers(table.id))
    assert spoken == {
        names[number]: text
        for (number, _), text in native.global_values(settings.id).items()
        if number in names
    }


def test_a_database_known_from_its_file_keeps_the_files_ids(live, native):
    with live(known=known_tables(native)) as source:
        assert [(t.id, t.name, t.record_count) for t in source.tables()] == [
            (t.id, t.name, t.record_count) for t in native.tables()
        ]
        for table in native.tables():
            assert [
                (f.id, f.name, f.kind, f.type, f.repetitions, f.is_global, f.derived)
                for f in source.fields(table.id)
            ] == [
                (f.id, f.name, f.kind, f.type, f.repetitions, f.is_global, f.derived)
                for f in native.fields(table.id)
            ]


def test_odata_tells_the_files_field_ids(live, native):
    with live("odata") as source:
        for table, known in zip(source.tables(), native.tables(), strict=True):
            assert table.id == 1_065_089 + native.tables().index(known)
            assert [(f.id, f.name, f.type) for f in source.fields(table.id)] == [
                (f.id, f.name, f.type) for f in native.fields(known.id)
            ]


def test_value_lists_come_with_the_layouts(live, native):
    with live() as source:
        found = {entry.name: entry.values for entry in source.value_lists()}

    assert found == {entry.name: entry.values for entry in native.value_lists() if entry.values}


def test_dates_are_iso_and_carry_no_zone(live):
    for interface in ("data-api", "odata"):
        with live(interface) as source:
            table = next(t for t in source.tables() if t.name == "Patients")
            made = next(f.id for f in source.fields(table.id) if f.name == "Created")
            texts = {r.values[made, 1] for r in source.records(table.id) if (made, 1) in r.values}

        assert texts
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) for text in texts)
