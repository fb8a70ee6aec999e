from __future__ import annotations

import random
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.delimited import describe
from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.exports.errors import (
    BadChoiceError,
    BrokenQuotesError,
    EncodingError,
    NoColumnsError,
    TooLargeExportError,
)
from onboarding.filemaker.fmp.errors import FileMakerFileError

NAMES = ["Patient ID", "Name", "DOB"]
ROWS = [
    [["1"], ["Müller, Zoë"], ["25/12/1980"]],
    [["2"], ['said "no"\rtwice'], ["13/02/1990"]],
    [["3"], ["Bob", "Bobby"], [""]],
]
PLAIN = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"
    ),
    max_size=12,
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
    order = [field.id for field in file.fields(table_id)]
    return [
        {(order.index(id_) + 1, number): text for (id_, number), text in record.values.items()}
        for record in file.records(table_id)
    ]


def codes(file):
    return {warning.code for warning in file.warnings}


EXPECTED = [
    {(1, 1): "1", (2, 1): "Müller, Zoë", (3, 1): "25/12/1980"},
    {(1, 1): "2", (2, 1): 'said "no"\ntwice', (3, 1): "13/02/1990"},
    {(1, 1): "3", (2, 1): "Bob", (2, 2): "Bobby"},
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_way_of_writing_is_read_alike(write, tmp_path, encoding, delimiter, end):
    path = write.text(
        tmp_path / "Patients.csv",
        ROWS,
        names=NAMES,
        encoding=encoding,
        delimiter=delimiter,
        end=end,
    )

    with open_source(path) as file:
        assert [field.name for field in file.fields(1)] == NAMES
        assert cells(file) == EXPECTED
        assert file.locale().date_order == "DMY"
        assert [field.repetitions for field in file.fields(1)] == [1, 2, 1]


def test_without_a_header_the_columns_are_numbered_and_nothing_is_taken_for_one(write, tmp_path):
    path = write.text(tmp_path / "Patients.csv", ROWS)

    with open_source(path) as file:
        assert [field.name for field in file.fields(1)] == ["Column 1", "Column 2", "Column 3"]
        assert cells(file) == EXPECTED


@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman"])
def test_old_encodings_are_guessed_and_shown_for_confirmation(write, tmp_path, encoding):
    rows = [[[str(n)], [name], ["25/12/1980"]] for n, name in enumerate(
        ["René Müller", "Zoë Bäcker", "François Núñez", "Åsa Øst", "Jörg Weiß", "Ann Lee"]
    )]  # fmt: skip
    path = write.text(tmp_path / "a.csv", rows, encoding=encoding)

    written = describe(path)

    assert written.encodings[0].encoding == encoding
    assert {choice.encoding for choice in written.encodings} >= {"cp1252", "mac-roman"}
    assert written.is_certain is False
    assert written.encodings[0].rows[0] == ("0", "René Müller", "25/12/1980")
    assert all(len(choice.rows) == 5 for choice in written.encodings)
    with open_source(path) as file:
        assert "encoding-guessed" in codes(file)


def test_what_was_chosen_is_taken(write, tmp_path):
    path = write.text(tmp_path / "a.csv", ROWS, names=NAMES, encoding="cp1252")
    choices = Choices(encoding="mac-roman", delimiter=",", header=False, key_column=0)

    with open_source(path, choices=choices) as file:
        assert len(cells(file)) == 4
        assert cells(file)[1][2, 1] == ROWS[0][1][0].encode("cp1252").decode("mac-roman")
        assert "encoding-guessed" not in codes(file)
        assert "no-key" in codes(file)


def test_a_choice_that_does_not_fit_the_text_is_refused_with_the_line(write, tmp_path):
    path = write.text(tmp_path / "a.csv", ROWS, encoding="cp1252")

    with pytest.raises(EncodingError, match="line 1") as refusal:
        open_source(path, choices=Choices(encoding="utf-8"))

    assert "Choose another encoding" in refusal.value.remedy


@pytest.mark.parametrize(
    "kept", [{"encoding": "rot13"}, {"delimiter": "x"}, {"key_column": -1}, {"key_column": 9999}]
)
def test_choices_that_are_not_offered_are_refused(kept):
    with pytest.raises(BadChoiceError):
        Choices.from_json(kept)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.lists(st.lists(PLAIN, min_size=1, max_size=3), min_size=2, max_size=2),
        min_size=1,
        max_size=5,
    ),
    delimiter=st.sampled_from([",", ";"]),
    end=st.sampled_from(["\r", "\n", "\r\n"]),
)
def test_what_is_written_is_read(write, tmp_path, rows, delimiter, end):
    path = write.text(tmp_path / "a.csv", rows, delimiter=delimiter, end=end)
    choices = Choices(encoding="utf-8", delimiter=delimiter, header=False)

    with open_source(path, choices=choices) as file:
        found = cells(file)

    assert found == [
        {
            (column, number): text
            for column, texts in enumerate(row, start=1)
            for number, text in enumerate(texts, start=1)
            if text
        }
        for row in rows
    ]


def test_a_record_keeps_its_id_when_rows_move_and_other_cells_change(write, tmp_path):
    one = write.text(tmp_path / "a.csv", ROWS, names=NAMES)
    changed = [ROWS[2], ROWS[0], [["2"], ["Another name"], [""]]]
    two = write.text(tmp_path / "b.csv", changed, names=NAMES)

    with open_source(one) as file, open_source(two) as other:
        first = [record.id for record in file.records(1)]
        second = [record.id for record in other.records(1)]

    assert second == [first[2], first[0], first[1]]


def test_without_a_key_the_whole_row_is_its_identity_wherever_it_stands(write, tmp_path):
    rows = [[["Anna"], ["Lee"]], [["Bob"], ["Roe"]], [["Anna"], ["Lee"]]]
    one = write.text(tmp_path / "a.csv", rows, names=["First Name", "Last Name"])
    two = write.text(tmp_path / "b.csv", rows[::-1], names=["First Name", "Last Name"])

    with open_source(one) as file, open_source(two) as other:
        first = [record.id for record in file.records(1)]
        second = [record.id for record in other.records(1)]
        assert "no-key" in codes(file)

    assert len(set(first)) == 3
    assert set(first) == set(second)


def test_a_chosen_key_that_repeats_loses_no_row_and_says_so(write, tmp_path):
    rows = [[["7"], ["Anna"]], [["7"], ["Bob"]], [[""], ["Carl"]]]
    path = write.text(tmp_path / "a.csv", rows, names=["ID", "Name"])

    with open_source(path, choices=Choices(header=True, key_column=1)) as file:
        assert len({record.id for record in file.records(1)}) == 3
        assert "key-repeated" in codes(file)


def test_related_rows_are_folded_into_the_record_they_belong_to(write, tmp_path):
    names = ["ID", "Name", "Visits::Date", "Visits::Fee"]
    rows = [
        [["1"], ["Anna"], ["3/4/2024"], ["80"]],
        [[""], [""], ["4/4/2024"], [""]],
        [[""], [""], ["5/4/2024"], ["90"]],
        [["2"], ["Bob"], [""], [""]],
    ]
    path = write.text(tmp_path / "a.mer", rows, names=names)

    with open_source(path) as file:
        assert file.tables()[0].record_count == 2
        assert cells(file) == [
            {
                (1, 1): "1", (2, 1): "Anna",
                (3, 1): "3/4/2024", (3, 2): "4/4/2024", (3, 3): "5/4/2024",
                (4, 1): "80", (4, 3): "90",
            },
            {(1, 1): "2", (2, 1): "Bob"},
        ]  # fmt: skip
        assert "related-fields" in codes(file)


def test_blank_records_are_kept_and_do_not_hide_the_key(write, tmp_path):
    rows = [ROWS[0], [[""], [""], [""]], ROWS[1], [[""], [""], [""]]]
    path = write.text(tmp_path / "a.csv", rows, names=NAMES)

    with open_source(path) as file:
        assert file.tables()[0].record_count == 4
        assert len({record.id for record in file.records(1)}) == 4
        assert "key-column" in codes(file)


def test_ragged_rows_are_read_and_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('ID,Name,DOB\n1,Anna,1/2/1980\n2,Bob\n3,"Carl",2/2/1980,more\n')

    with open_source(path) as file:
        assert [f.name for f in file.fields(1)] == ["ID", "Name", "DOB", "Column 4"]
        assert cells(file)[2] == {(1, 1): "3", (2, 1): "Carl", (3, 1): "2/2/1980", (4, 1): "more"}
        ragged = next(w for w in file.warnings if w.code == "ragged-rows")
    assert ragged.facts == {"lines": [3, 4], "count": 2}


def test_an_unnamed_empty_column_at_the_end_and_the_end_mark_of_old_files_are_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"ID,Name,\r\n1,Anna,\r\n2,Bob,\r\n\x1a")

    with open_source(path) as file:
        assert [field.name for field in file.fields(1)] == ["ID", "Name"]
        assert file.tables()[0].record_count == 2


def test_a_quotation_mark_that_never_closes_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('ID,Name\n1,Anna\n2,"Bob\n' + "3,Carl\n" * 50)

    with pytest.raises(BrokenQuotesError, match="line 3"):
        open_source(path)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"ID,Name\n" + b"1,Anna\n" * 100)
        for _ in range(20):
            file.write(b"x" * 1024**2)

    with pytest.raises(TooLargeExportError):
        open_source(path)


@pytest.mark.parametrize("text", ["no columns at all\nin here\n", "one, comma\nand none\nor\nso\n"])
def test_prose_is_not_taken_for_a_table(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text * 20)

    with pytest.raises(NoColumnsError):
        open_source(path)


def test_dates_that_tell_no_order_are_asked_about(write, tmp_path):
    path = write.text(tmp_path / "a.csv", [[["1"], ["3/4/2024"]], [["2"], ["5/6/2024"]]])

    with open_source(path) as file:
        assert file.locale() is None
        assert "date-order-unclear" in codes(file)


def test_memory_does_not_grow_with_the_file(write, tmp_path):
    rows = [[[str(n)], ["x" * 200], ["3/4/2024"]] for n in range(20_000)]
    path = write.text(tmp_path / "a.csv", rows, names=NAMES)
    del rows

    tracemalloc.start()
    with open_source(path) as file:
        assert sum(1 for _ in file.records(1)) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 * 1024**2


def test_damaged_files_end_in_named_errors_or_records(write, tmp_path):
    chance = random.Random(20261121)
    whole = write.text(tmp_path / "a.csv", ROWS * 10, names=NAMES).read_bytes()
    path = tmp_path / "b.csv"
    began = time.monotonic()
    for _ in range(600):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.randrange(1, len(damaged) + 1)])
        assert outcome(path)
        if time.monotonic() - began > 8:
            break
