from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.exports.errors import (
    BrokenXmlError,
    ExportFailedError,
    NoRecordsXmlError,
    TooLargeExportError,
    XmlEntitiesError,
    XmlGrammarError,
)
from onboarding.filemaker.fmp.errors import FileMakerFileError

COLUMNS = [("_kp_Id", "number", 1), ("Phone", "text", 3), ("Visits::Date", "date", 1)]
ROWS = [
    [["1"], ["091", "", "099"], ["3/4/2024", "10/4/2024"]],
    [["2"], ["Ünï", "", ""], [""]],
]
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\r\ufffe\uffff").filter(
        lambda sign: sign >= " " or sign in "\t\n"
    ),
    max_size=20,
)  # fmt: skip


def outcome(path):
    """Read the whole file; answers “read” or the code of the named error."""
    try:
        with open_source(path) as file:
            for table in file.tables():
                list(file.records(table.id))
    except FileMakerFileError as error:
        return error.code
    return "read"


def cells(file, table_id=1):
    names = {field.id: field.name for field in file.fields(table_id)}
    return [
        {(names[field_id], number): text for (field_id, number), text in record.values.items()}
        for record in file.records(table_id)
    ]


def codes(file):
    return {warning.code for warning in file.warnings}


def xml(body, head=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>{head}'
        f'<FMPXMLRESULT xmlns="http://www.filemaker.com/fmpxmlresult">{body}</FMPXMLRESULT>'
    )


def test_fields_types_repetitions_and_ids_come_as_the_export_says(write, tmp_path):
    path = write.xml(tmp_path / "Patients.xml", COLUMNS, ROWS, ids=[(4, 7), (9, 0)])

    with open_source(path) as file:
        (table,) = file.tables()
        assert (table.name, table.record_count) == ("Patients", 2)
        fields = [(f.name, f.type, f.repetitions) for f in file.fields(table.id)]
        records = [(r.id, r.modification_count) for r in file.records(table.id)]
        found = cells(file)
        locale = file.locale()

    assert fields == [("_kp_Id", "number", 1), ("Phone", "text", 3), ("Visits::Date", "date", 2)]
    assert records == [(4, 7), (9, 0)]
    assert found == [
        {
            ("_kp_Id", 1): "1", ("Phone", 1): "091", ("Phone", 3): "099",
            ("Visits::Date", 1): "3/4/2024", ("Visits::Date", 2): "10/4/2024",
        },
        {("_kp_Id", 1): "2", ("Phone", 1): "Ünï"},
    ]  # fmt: skip
    assert (locale.date_order, locale.date_separator, locale.am) == ("DMY", "/", "AM")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=6))
def test_what_is_written_is_read(write, tmp_path, rows):
    columns = [("Name", "text", 1), ("Note", "text", 1)]
    path = write.xml(
        tmp_path / "a.xml", columns, [[[cell] for cell in row] for row in rows], end=""
    )

    with open_source(path) as file:
        found = cells(file)

    assert found == [
        {(name, 1): text for (name, _, _), text in zip(columns, row, strict=True) if text}
        for row in rows
    ]


def test_control_characters_raw_and_by_number_are_replaced_and_counted(write, tmp_path):
    path = write.xml(tmp_path / "a.xml", COLUMNS, [[["1"], ["a\x0bb&#x1;c\x01d"], [""]]])
    path.write_bytes(path.read_bytes().replace(b"&amp;#x1;", b"&#11;"))

    with open_source(path) as file:
        assert cells(file)[0]["Phone", 1] == "a\nb\nc d"
        found = next(w for w in file.warnings if w.code == "control-characters")

    assert found.facts["count"] == 3


@pytest.mark.parametrize("size", range(255 * 1024, 255 * 1024 + 24))
def test_a_forbidden_number_is_found_where_two_pieces_meet(write, tmp_path, size):
    path = write.xml(tmp_path / "a.xml", COLUMNS, [[["1"], ["x" * size + "NUMBER\ufffe"], [""]]])
    path.write_bytes(path.read_bytes().replace(b"NUMBER", b"&#x0B;" * 200))

    with open_source(path) as file:
        assert cells(file)[0]["Phone", 1] == "x" * size + "\n" * 200 + "\ufffd"


def test_billion_laughs_are_refused_at_once(tmp_path):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 40))
    path = tmp_path / "a.xml"
    path.write_text(xml("&l39;", head=f'<!DOCTYPE FMPXMLRESULT [<!ENTITY l0 "ha">{laughs}]>'))
    began = time.perf_counter()

    with pytest.raises(XmlEntitiesError):
        open_source(path)

    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]>',
    ],
)
def test_external_entities_are_refused(tmp_path, head):
    path = tmp_path / "a.xml"
    path.write_text(xml("&e;", head=head))

    with pytest.raises(XmlEntitiesError):
        open_source(path)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<FMPReport><File/></FMPReport>", NoRecordsXmlError),
        ("<?xml version='1.0'?><!-- x --><FMSaveAsXML/>", NoRecordsXmlError),
        ("<?xml version='1.0'?><rss><item/></rss>", XmlGrammarError),
        (xml("<ERRORCODE>401</ERRORCODE>"), ExportFailedError),
        (xml("<RESULTSET FOUND='1'><ROW"), BrokenXmlError),
        (xml("<RESULTSET FOUND='1'><ROW></COL></ROW></RESULTSET>"), BrokenXmlError),
        (xml("<A>" * 100 + "</A>" * 100), BrokenXmlError),
    ],
)
def test_what_is_no_export_is_refused_by_name(tmp_path, text, error):
    path = tmp_path / "a.xml"
    path.write_text(text)

    with pytest.raises(error) as refusal:
        open_source(path)

    assert refusal.value.remedy


def test_a_count_that_disagrees_is_told(write, tmp_path):
    path = write.xml(tmp_path / "a.xml", COLUMNS, ROWS, found=5)

    with open_source(path) as file:
        assert file.tables()[0].record_count == 5
        assert file.account(1).lost == 3
        assert "count-disagrees" in codes(file)


@pytest.mark.parametrize("ids", [[(0, 0), (0, 0)], [(1, 0), (1, 0)]])
def test_record_ids_that_are_all_alike_are_not_used(write, tmp_path, ids):
    path = write.xml(tmp_path / "a.xml", COLUMNS, ROWS, ids=ids)

    with open_source(path) as file:
        found = [record.id for record in file.records(1)]
        assert "key-column" in codes(file)

    assert len(set(found)) == 2
    assert not set(found) & {0, 1}


def test_dates_that_contradict_the_declared_format_are_believed(write, tmp_path):
    columns = [("DOB", "date", 1)]
    rows = [[["25/12/1980"]], [["13/02/1990"]]]
    path = write.xml(tmp_path / "a.xml", columns, rows, date_format="MM/dd/yyyy")

    with open_source(path) as file:
        assert file.locale().date_order == "DMY"
        assert "date-format-disagrees" in codes(file)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso-8859-1", "macintosh"])
def test_other_encodings_are_read(write, tmp_path, encoding):
    path = write.xml(tmp_path / "a.xml", [("Name", "text", 1)], [[["Müller"]]])
    text = path.read_text(encoding="utf-8").replace('"UTF-8"', f'"{encoding}"')
    path.write_bytes(text.encode(encoding))

    with open_source(path) as file:
        assert cells(file) == [{("Name", 1): "Müller"}]


def test_a_value_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "a.xml"
    with path.open("wb") as file:
        file.write(b"<FMPXMLRESULT><RESULTSET FOUND='1'><ROW RECORDID='")
        for _ in range(40):
            file.write(b"1" * 1024**2)

    with pytest.raises(TooLargeExportError):
        open_source(path)


def test_memory_does_not_grow_with_the_file(write, tmp_path):
    rows = [[[str(n)], ["0912345678", "", ""], ["3/4/2024"]] for n in range(20_000)]
    path = write.xml(tmp_path / "a.xml", COLUMNS, rows, end="")
    del rows

    tracemalloc.start()
    with open_source(path) as file:
        assert sum(1 for _ in file.records(1)) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 * 1024**2


def test_damaged_files_end_in_named_errors(write, tmp_path):
    whole = write.xml(tmp_path / "a.xml", COLUMNS, ROWS * 5).read_bytes()
    path = tmp_path / "b.xml"
    began = time.monotonic()
    for seed in range(0, len(whole), 7):
        for damage in (b"", b"\x00", b"<", b"&x;", b"\xff\xfe"):
            path.write_bytes(whole[:seed] + damage + whole[seed + 2 :])
            assert outcome(path)
        if time.monotonic() - began > 8:
            break
