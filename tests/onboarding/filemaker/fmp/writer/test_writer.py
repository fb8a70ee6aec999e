import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.filemaker import sources
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.writer import (
    AUSTRALIAN,
    Container,
    ExternalSource,
    Field,
    FieldKind,
    FieldType,
    FmpWriter,
    Match,
    Occurrence,
    Operator,
    Record,
    RecordError,
    Relationship,
    SchemaError,
    Solution,
    Table,
    ValueList,
)
from onboarding.filemaker.fmp.writer.scsu_encode import masked

PEOPLE = Table(
    129,
    "People",
    (
        Field(1, "ID", FieldType.NUMBER, is_serial=True),
        Field(2, "Name", comment="As on the card, in full"),
        Field(4, "Goals", repetitions=3),
        Field(200, "Photo", FieldType.CONTAINER),
        Field(201, "g Filter", is_global=True),
        Field(20_000, "c Age", FieldType.NUMBER, FieldKind.CALCULATION, is_unstored=True),
    ),
)
VISITS = Table(140, "Séances", (Field(1, "Person"), Field(3, "Fee", FieldType.NUMBER)))
SOLUTION = Solution(
    (PEOPLE, VISITS),
    (Occurrence(1_065_089, "People", 129), Occurrence(1_065_091, "Visits of", 140)),
    (
        Relationship(
            3,
            1_065_089,
            1_065_091,
            (Match(1, 1), Match(20_000, 3, Operator.AT_LEAST)),
        ),
    ),
    (ValueList(2, "Status", ("Booked", "Arrivé")),),
    (ExternalSource(1, "Accounts", "file:Accounts"),),
)


def write(path, records=(), solution=SOLUTION, **options):
    with FmpWriter(path, solution) as fmp:
        fmp.write_records("People", records, **options)
    return path


def write_nothing(path, solution):
    with FmpWriter(path, solution):
        pass
    return path


def read_people(path):
    with open_file(path) as file:
        records = list(file.records(129))
        assert not records or list(file.warnings) == []
        return records


def test_the_catalogue_comes_back(tmp_path, entries_of):
    path = write(tmp_path / "a.fmp12", [Record(1, {"Name": "Ann"})])

    assert entries_of(path)
    with open_file(path) as file:
        assert [(t.id, t.name, t.record_count) for t in file.tables()] == [
            (129, "People", 1),
            (140, "Séances", 0),
        ]
        assert list(file.fields(129)) == [
            sources.Field(1, "ID", "normal", "number", 1, False, "", False),
            sources.Field(2, "Name", "normal", "text", 1, False, "As on the card, in full", False),
            sources.Field(4, "Goals", "normal", "text", 3, False, "", False),
            sources.Field(200, "Photo", "normal", "container", 1, False, "", False),
            sources.Field(201, "g Filter", "normal", "text", 1, True, "", False),
            sources.Field(20_000, "c Age", "calc", "number", 1, False, "", True),
        ]
        assert [(v.id, v.name, v.values) for v in file.value_lists()] == [
            (2, "Status", ("Booked", "Arrivé"))
        ]
        assert list(file.external_sources()) == [
            sources.ExternalSource(1, "Accounts", ("file:Accounts",))
        ]
        assert file.locale() == sources.Locale("DMY", "/", ".", ",", ":", " AM", " PM")
        assert [
            (r.left_table_id, r.left_field_id, r.operator, r.right_table_id, r.right_field_id)
            for r in file.relationships()
        ] == [(129, 1, "=", 140, 1), (129, 20_000, "≥", 140, 3)]
        assert list(file.warnings) == []


def test_a_file_without_locale_and_records_is_a_clone(tmp_path):
    path = write(tmp_path / "clone.fmp12", solution=Solution((PEOPLE,), locale=None))

    with open_file(path) as file:
        assert file.locale() is None
        assert [warning.code for warning in file.warnings] == ["clone"]


def test_names_beyond_one_byte_characters_become_directories_as_long_cells_do(tmp_path, entries_of):
    # A real file keeps the field name "Ω__Client" in this form.
    table = Table(129, "Ω", (Field(1, "Визит"),))

    path = write_nothing(tmp_path / "a.fmp12", Solution((table,)))

    found = {(*steps, key): value for steps, key, value in entries_of(path)}
    of_table = (b"\x03", b"\x10", b"\x05", b"\x80\x01", b"\x10")
    of_field = (b"\x80\x01", b"\x03", b"\x05", b"\x01", b"\x10")
    assert found[*of_table, b"\x00"].hex() == "0000000300000001"
    assert found[*of_field, b"\x00"].hex() == "0000000600000005"
    assert found[*of_field, b"\x01"] == masked("Визит")


TEXT = st.one_of(st.text(max_size=40), st.text(min_size=300, max_size=1500), st.just("x" * 4321))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.one_of(st.integers(1, 300), st.integers(16_000, 17_000), st.integers(1, 2_200_000)),
        st.tuples(
            st.dictionaries(
                st.sampled_from([("Name", 1), ("Goals", 1), ("Goals", 2), ("Goals", 3)]), TEXT
            ),
            st.integers(0, 20_000),
        ),
        max_size=12,
    )
)
def test_whatever_is_written_is_read_again(tmp_path, drawn):
    ids = {"Name": 2, "Goals": 4}
    written = [Record(id_, cells, count) for id_, (cells, count) in sorted(drawn.items())]

    write(tmp_path / "a.fmp12", written)

    assert read_people(tmp_path / "a.fmp12") == [
        sources.Record(
            record.id,
            record.modifications,
            {(ids[name], nth): text for (name, nth), text in record.cells.items() if text},
        )
        for record in written
    ]


def test_many_records_need_longer_keys_and_more_levels(tmp_path, entries_of, sectors):
    def records():
        for n in range(1, 20_001):
            yield Record(n, {"ID": str(n), "Name": f"Name {n}" * 20, ("Goals", 3): "g"}, n % 5)

    path = write(tmp_path / "many.fmp12", records())

    assert sectors(path).pages[1].level == 2
    assert entries_of(path)
    found = read_people(path)
    assert [record.id for record in found] == list(range(1, 20_001))
    assert all(record.values[1, 1] == str(record.id) for record in found)
    assert sum(record.modification_count for record in found) == sum(n % 5 for n in range(20_001))


def test_a_long_cell_tells_its_bytes_and_its_utf16_units(tmp_path, entries_of):
    path = write(tmp_path / "a.fmp12", [Record(7, {"Name": "😀" + "a" * 1_500})])

    cell = (b"\x80\x01", b"\x05", b"\x07", b"\x02")
    pieces = {key: value for steps, key, value in entries_of(path) if steps == cell}
    assert pieces[b"\0"] == (1_506).to_bytes(4, "big") + (1_502).to_bytes(4, "big")
    assert [(key, len(value)) for key, value in pieces.items()] == [
        (b"\x00", 8),
        (b"\x01", 1_000),
        (b"\x02", 506),
    ]


def test_the_same_ids_stand_in_cells_and_bitmap(tmp_path, entries_of):
    path = write(tmp_path / "a.fmp12", [Record(n, {"ID": "1"}) for n in (3, 34, 40_000)])

    bitmap = [
        (key, value.hex()) for steps, key, value in entries_of(path) if steps[1:] == (b"\x0d",)
    ]
    assert bitmap == [(b"\x00", "0000000800000004"), (b"\xc0\x5b\xc0", "")]


@pytest.mark.parametrize(
    "ids",
    [
        [1],
        [32],
        [1, 31, 32, 33],
        [5, 5_000, 5_001, 70_000],
        [*range(1, 9_000, 7)],
        [128, 129, 16_511, 16_512, 16_513, 2_113_663, 2_113_664],
    ],
)
def test_blank_records_exist_in_the_bitmap_alone(tmp_path, ids):
    path = write(tmp_path / "blank.fmp12", [Record(n, {}) for n in ids])

    with open_file(path) as file:
        assert file.tables()[0].record_count == len(ids)
    assert read_people(path) == [sources.Record(n, 0, {}) for n in ids]


def test_containers_come_back_once_each(tmp_path, entries_of):
    page = b"%PDF-1.4\n" + bytes(range(256)) * 20
    scan = Container(
        "Überweisung für Łukasz.pdf",
        {"PDF ": page, "JPEG": b"\xff\xd8small"},
        main="PDF ",
        size=(96, 136),
    )
    attachment = Container("notes.bin", {"FILE": b"\x5a" * 1000})
    records = [
        Record(1, {"Photo": scan}),
        Record(2, {"Photo": attachment}),
        Record(3, {"Photo": scan}),
        Record(4, {"Photo": "file:RC_Data/x.pdf\rfilewin:/C:/x.pdf"}),
    ]

    path = write(tmp_path / "c.fmp12", records, global_values={"g Filter": "Ж"})

    references = {(*steps, key): value for steps, key, value in entries_of(path) if key == b"\x12"}
    assert [int.from_bytes(value, "big") for value in references.values()] == [2, 1]
    with open_file(path) as file:
        cells = [record.values[200, 1] for record in file.records(129)]
        assert cells[:3] == ["01\ue000", "02\ue000", "01\ue000"]
        assert sources.ContainerRef.from_cell(cells[3]).is_external
        first, second = file.containers(129)
        assert (first.file_name, first.kind, first.main) == (scan.name, "image", "PDF ")
        assert (first.width, first.height) == (96, 136)
        assert first.read() == page
        assert first.read("JPEG") == b"\xff\xd8small"
        assert (second.file_name, second.kind) == ("notes.bin", "file")
        assert second.read() == b"\x5a" * 1000
        assert file.global_values(129) == {(201, 1): "Ж"}


def test_object_ids_beyond_one_byte_are_named_by_their_key(tmp_path):
    records = [
        Record(n, {"Photo": Container(f"{n}.bin", {"FILE": bytes((n,))})}) for n in range(1, 200)
    ]

    path = write(tmp_path / "c.fmp12", records)

    with open_file(path) as file:
        for record in file.records(129):
            reference = sources.ContainerRef.from_cell(record.values[200, 1])
            assert file.container(129, reference.object_id).read() == bytes((record.id,))


def test_equal_records_give_equal_bytes(tmp_path):
    records = [Record(n, {"Name": "ø" * n}) for n in range(1, 50)]

    digests = {
        hashlib.sha256(write(tmp_path / name, records).read_bytes()).hexdigest() for name in "ab"
    }

    assert len(digests) == 1


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([Record(1, {"Nom": "x"})], "People has no field Nom"),
        ([Record(2, {}), Record(2, {})], "record 2 must stand behind record 2"),
        ([Record(0, {})], "record 0 must stand behind"),
    ],
)
def test_a_record_without_a_place_is_refused_and_nothing_is_left(tmp_path, records, message):
    with pytest.raises(RecordError, match=message):
        write(tmp_path / "a.fmp12", records)

    assert list(tmp_path.iterdir()) == []


def test_a_table_written_too_late_is_refused(tmp_path):
    with FmpWriter(tmp_path / "a.fmp12", SOLUTION) as fmp:
        fmp.write_records(VISITS.name, [Record(1, {"Fee": "97.00"})])

        with pytest.raises(RecordError, match="People is already written"):
            fmp.write_records("People", [])


def test_a_table_nobody_declared_is_refused(tmp_path):
    with (
        FmpWriter(tmp_path / "a.fmp12", SOLUTION) as fmp,
        pytest.raises(SchemaError, match="no table Nobody"),
    ):
        fmp.write_records("Nobody", [])


def test_the_locale_is_australian_unless_said_otherwise():
    assert Solution(()).locale is AUSTRALIAN
