import json

import pytest

from onboarding.filemaker.fmp.inspect import inspect_file, main


def test_a_table_is_described_by_numbers_and_fingerprints(raw, make_file):
    [table] = inspect_file(make_file(raw.people(2)))["tables"]

    assert table == {
        "id": 129,
        "name": "People",
        "fields": [
            {
                "id": 1,
                "name": "Name",
                "kind": "normal",
                "type": "text",
                "reps": 1,
                "global": False,
            }
        ],
        "records": 2,
        "records_with_data": 2,
        "cells": 2,
        # Of '[1,1,1,"Person 1"]' and '[2,1,1,"Person 2"]', each with a line feed.
        "cells_sha256": "ae39542080995d0ef5dcc16772da7a8e089418a6082af03037a25422ab85a079",
        "container_objects": [],
    }


def test_every_sample_is_read_to_the_last_cell_and_stream(shared, expected):
    assert len(expected) == 30

    differing = [
        name for name, tables in expected.items() if inspect_file(shared / name)["tables"] != tables
    ]

    assert differing == []


def test_names_of_fields_not_in_one_entry_are_null_but_those_of_tables_are_given(raw, make_file):
    fields = (b"\x80\x01", b"\x03", b"\x05")
    entries = [entry for entry in raw.people(1) if entry[1] != b"\x10"]
    entries += raw.in_pieces((b"\x03", b"\x10", b"\x05", b"\x80\x01"), b"\x10", "Παιδιά")
    entries += raw.in_pieces((*fields, b"\x01"), b"\x10", "Όνομα")
    entries.append(((*fields, b"\x09"), b"\x02", raw.definition()))
    entries.append(((b"\x80\x01", b"\x05", b"\x01"), b"\x09", raw.mask(b"kept")))

    [table] = inspect_file(make_file(entries))["tables"]

    assert (table["name"], table["cells"]) == ("Παιδιά", 2)
    assert [(field["id"], field["name"]) for field in table["fields"]] == [(1, None), (9, None)]


def test_clones_and_empty_files_are_told(shared, raw, make_file):
    clone = shared / "samples" / "soliantconsulting__fm-punisher__Punisher_20230108_Clone.fmp12"

    assert [warning["code"] for warning in inspect_file(clone)["warnings"]] == ["clone"]


def test_a_file_without_tables_says_so(make_file):
    answer = inspect_file(make_file([((b"\x02",), b"\x03", b"12")]))

    assert (answer["tables"], answer["warnings"][0]["code"]) == ([], "no-tables")


def test_tables_without_records_say_so(raw, make_file):
    locale = ((b"\x02",), b"\x0d", bytes(24) + b"\x01" + bytes(10))
    answer = inspect_file(make_file([*raw.people(0), locale]))

    assert [warning["code"] for warning in answer["warnings"]] == ["no-records"]


def test_the_command_prints_json_and_says_by_its_status_whether_it_could(
    raw, make_file, tmp_path, capsys
):
    assert main([str(make_file(raw.people(1)))]) == 0
    assert json.loads(capsys.readouterr().out)["tables"][0]["records"] == 1

    (tmp_path / "letter.fmp12").write_text("Dear clinic")
    assert main([str(tmp_path / "letter.fmp12")]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "not-filemaker"

    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere.fmp12"])
def test_a_file_that_is_not_there_is_an_ordinary_error(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        inspect_file(tmp_path / name)
