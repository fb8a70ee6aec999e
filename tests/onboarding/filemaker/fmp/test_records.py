from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.sources import Record

TABLE = b"\x80\x01"
RECORDS = (TABLE, b"\x05")


def read(path, table_id=129):
    with open_file(path) as file:
        records = list(file.records(table_id))
        return records, file.account(table_id), file.warnings


def people(raw, records, ids):
    fields = {
        b"\x01": ("Name", raw.definition()),
        b"\x04": ("Phones", raw.definition(repetitions=3)),
    }
    return [*raw.table(TABLE, "People", fields), *records, raw.bitmap(TABLE, b"\0", ids, words=4)]


def test_values_repetitions_and_modification_counts_are_read(raw, make_file):
    here = (*RECORDS, b"\x07")
    cells = [
        (here, b"\x01", raw.mask(b"Ann Gr\xfcn")),
        (here, b"\x04", raw.mask(b"0412")),
        (here, b"\x04\x02", raw.mask(b"0413")),
        (here, b"\xfc", b"\x02\x80\x2a"),
    ]

    records, account, warnings = read(make_file(people(raw, cells, [7])))

    assert records == [Record(7, 170, {(1, 1): "Ann Grün", (4, 1): "0412", (4, 2): "0413"})]
    assert (account.expected, account.recovered, account.lost, warnings) == (1, 1, 0, [])


def test_blank_records_stand_in_their_place(raw, make_file):
    cells = [((*RECORDS, bytes((n,))), b"\x01", raw.mask(b"x")) for n in (2, 4)]

    records, account, warnings = read(make_file(people(raw, cells, [1, 2, 3, 4, 9])))

    assert [(record.id, record.values) for record in records] == [
        (1, {}),
        (2, {(1, 1): "x"}),
        (3, {}),
        (4, {(1, 1): "x"}),
        (9, {}),
    ]
    assert (account.with_data, account.blank, account.finished, warnings) == (2, 3, True, [])


def test_long_and_styled_values_are_joined_over_leaves_and_styles_left_out(raw, make_file):
    here = (*RECORDS, b"\x01", b"\x01")
    text = "Заметка " * 700
    stored = b"\x12" + bytes(ord(c) - 0x400 + 0x80 if c > "\x7f" else ord(c) for c in text)
    pieces = [stored[at : at + 1000] for at in range(0, len(stored), 1000)]
    cells = [(here, b"\0", len(stored).to_bytes(4, "big") + len(text).to_bytes(4, "big"))]
    cells += [(here, bytes((n,)), raw.mask(piece)) for n, piece in enumerate(pieces, 1)]
    cells.append(((*here, b"\xff"), b"\x01", b"style runs"))
    cells.append(((*RECORDS, b"\x01"), b"\x04", raw.mask(b"0412")))

    records, account, _ = read(make_file(people(raw, cells, [1])))

    assert records == [Record(1, 0, {(1, 1): text, (4, 1): "0412"})]
    assert account.garbled_cells == 0


def test_a_long_value_with_a_piece_missing_is_delivered_and_told(raw, make_file):
    here = (*RECORDS, b"\x01", b"\x01")
    cells = [(here, b"\0", b"\0\0\x07\xd0\0\0\x07\xd0"), (here, b"\x01", raw.mask(b"a" * 1000))]

    records, _, warnings = read(make_file(people(raw, cells, [1])))

    assert records == [Record(1, 0, {(1, 1): "a" * 1000})]
    assert [warning.code for warning in warnings] == ["cells-garbled"]


def test_records_that_the_bitmap_does_not_name_are_read_and_told(raw, make_file):
    cells = [((*RECORDS, bytes((n,))), b"\x01", raw.mask(b"x")) for n in (1, 2)]

    records, account, warnings = read(make_file(people(raw, cells, [1])))

    assert [record.id for record in records] == [1, 2]
    assert account.unlisted == 1
    assert [warning.code for warning in warnings] == ["records-unlisted"]


def test_record_ids_of_all_lengths_stay_in_order(raw, make_file):
    keys = ["7f", "8000", "bfff", "c00000", "dfffff", "e0000000"]
    cells = [((*RECORDS, bytes.fromhex(key)), b"\x01", raw.mask(b"x")) for key in keys]
    bitmap = [((TABLE, b"\x0d"), bytes.fromhex(key), b"") for key in keys]
    fields = {b"\x01": ("Name", raw.definition())}

    records, _, warnings = read(make_file([*raw.table(TABLE, "People", fields), *cells, *bitmap]))

    assert [r.id for r in records] == [127, 128, 16_511, 16_512, 2_113_663, 2_113_664]
    assert warnings == []


def test_globals_belong_to_no_record(raw, make_file):
    long = (TABLE, b"\x08", b"\x02")
    entries = people(raw, [], [])
    entries += [
        ((TABLE, b"\x08"), b"\x01", raw.mask(b"9%")),
        ((TABLE, b"\x08"), b"\x04\x02", raw.mask(b"second")),
        (long, b"\0", b"\0\0\0\x06\0\0\0\x06"),
        (long, b"\x01", raw.mask(b"styled")),
    ]

    with open_file(make_file(entries)) as file:
        assert file.global_values(129) == {(1, 1): "9%", (4, 2): "second", (2, 1): "styled"}
        assert list(file.records(129)) == []
