import pytest

from onboarding.filemaker.fmp.reader import UnknownTableError, open_file
from onboarding.filemaker.sources import Record, SourceWarning


def test_an_open_file_is_a_source_of_tables_fields_and_records(raw, make_file):
    with open_file(make_file(raw.people(2))) as file:
        [table] = file.tables()

        assert (table.id, table.name, table.record_count) == (129, "People", 2)
        assert [field.name for field in file.fields(table.id)] == ["Name"]
        assert list(file.records(table.id)) == [
            Record(1, 3, {(1, 1): "Person 1"}),
            Record(2, 3, {(1, 1): "Person 2"}),
        ]
        assert (file.generation, file.saved_by()) == ("fmp12", "")


def test_records_are_read_as_often_as_asked_for(raw, make_file):
    with open_file(make_file(raw.people(30), room=200)) as file:
        first, second = file.records(129), file.records(129)

        assert [next(first).id, next(second).id, next(first).id] == [1, 1, 2]
        assert len(list(file.records(129))) == 30
        assert len(list(first)) == 28


def test_a_table_that_is_not_there_is_named(raw, make_file):
    with open_file(make_file(raw.people(1))) as file:
        with pytest.raises(UnknownTableError, match="no table 140"):
            next(file.records(140))
        with pytest.raises(UnknownTableError):
            file.containers(140)


def test_the_newest_program_that_saved_the_file_is_known(raw, make_file):
    history = raw.mask(b"Pro 9.0v3\0\0Server 19.6\0Pro 21.1.1\0")

    with open_file(make_file([*raw.people(1), ((b"\x02",), b"\x08", history)])) as file:
        assert file.saved_by() == "21.1.1"


def test_a_warning_is_plain_data_for_screens_and_logs():
    warning = SourceWarning("records-lost", "2 records are lost.", {"table_id": 129, "lost": 2})

    assert warning.as_json() == {
        "code": "records-lost",
        "message": "2 records are lost.",
        "table_id": 129,
        "lost": 2,
    }


def test_a_closed_file_is_closed(raw, make_file):
    with open_file(make_file(raw.people(1))) as file:
        records = file.records(129)

    with pytest.raises(ValueError, match="closed"):
        next(records)
