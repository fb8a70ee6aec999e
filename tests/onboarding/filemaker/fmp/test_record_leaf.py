import random

import pytest

from onboarding.filemaker.fmp import scsu, varint
from onboarding.filemaker.fmp.grammar import BadPageError, entries
from onboarding.filemaker.fmp.record_leaf import METADATA, MODIFICATIONS, cell_key, records_in
from onboarding.filemaker.fmp.text import XOR

KEYS = [
    bytes.fromhex(key) for key in ("01", "7f", "0402", "8018", "801802", "c00001", "fc", "fc03")
]


def random_text(chance):
    kind = chance.randrange(6)
    if kind == 0:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(12)))
    return "".join(chance.choice("abc ÄÖ\r\t,;0123") for _ in range(kind * kind)).encode("latin-1")


def random_leaf(raw, chance):
    """Return a payload of one table's records with every kind of entry, ids ascending."""
    payload = raw.push(b"\x80\x01") + raw.push(b"\x05")
    record_id = chance.randrange(30_000)
    while len(payload) < 3000:
        record_id += chance.randrange(1, 200)
        payload += raw.push(varint.encode(record_id)) + b"\x80"
        for key in sorted(chance.sample(KEYS, chance.randrange(1, len(KEYS)))):
            payload += raw.entry(key, random_text(chance))
        if chance.random() < 0.3:
            payload += (
                raw.push(b"\xc1\x02\x03") + b"\x80" + raw.entry(b"\x00", b"\0\0\0\x05\0\0\0\x05")
            )
            payload += raw.entry(b"\x01", random_text(chance) * 9)
            if chance.random() < 0.5:
                payload += raw.push(b"\xff") + raw.entry(b"\x01", b"style") + b"\x40"
            payload += b"\x40"
        payload += b"\x40"
    return payload


def plainly(payload):
    """Read a leaf by the general grammar, as slowly and as plainly as possible."""
    records = {}
    for path, key, value in entries(payload):
        cells, longs = records.setdefault(path[2], ({}, {}))
        masked = value.translate(XOR)
        if len(path) == 3:
            cell = MODIFICATIONS if key == b"\xfc" else cell_key(key)
            text = scsu.decode_leniently(masked)[0] if cell[1] else masked.decode("latin-1")
            if text:
                cells[cell] = text
        elif len(path) == 4:
            longs.setdefault(path[3], []).append((key, masked.decode("latin-1")))
    return [(key, cells, longs) for key, (cells, longs) in records.items()]


@pytest.mark.parametrize("seed", range(40))
def test_the_fast_parser_agrees_with_the_grammar(raw, seed):
    payload = random_leaf(raw, random.Random(seed))

    found, ended = records_in(payload, 5, [])

    expected = plainly(payload)
    assert [
        (key, {cell: text for cell, text in cells.items() if text}, longs or {})
        for key, cells, longs in found
    ] == expected
    assert not ended


@pytest.mark.parametrize("seed", range(40))
def test_any_change_of_a_byte_is_read_or_refused(raw, seed):
    chance = random.Random(seed)
    payload = bytearray(random_leaf(raw, chance))
    for _ in range(50):
        payload[chance.randrange(5, len(payload))] = chance.randrange(256)
        try:
            records_in(bytes(payload), 5, [])
        except BadPageError:
            payload = bytearray(random_leaf(raw, chance))


def test_the_directory_ends_where_it_closes(raw):
    payload = raw.push(b"\x01") + raw.entry(b"\x02", raw.mask(b"Ann")) + b"\x40\x40" + b"\x81"

    assert records_in(payload, 0, []) == ([(b"\x01", {(2, 1): "Ann"}, None)], True)


def test_text_that_is_not_scsu_is_counted(raw):
    garbled = []
    payload = raw.push(b"\x01") + raw.entry(b"\x02", raw.mask(b"a\x0c"))

    assert records_in(payload, 0, garbled)[0][0][1] == {(2, 1): "a\ufffd"}
    assert len(garbled) == 1


def test_record_keys_out_of_order_are_refused(raw):
    payload = raw.push(b"\x02") + b"\x40" + raw.push(b"\x01") + b"\x40"

    with pytest.raises(BadPageError):
        records_in(payload, 0, [])


def test_metadata_is_no_cell():
    assert cell_key(b"\xfc\x03") == METADATA
    assert cell_key(b"\x01\x02\x03") == METADATA
    assert cell_key(b"\x80\x18\x02") == (152, 2)
