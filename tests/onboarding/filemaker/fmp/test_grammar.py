import pytest

from onboarding.filemaker.fmp.grammar import (
    BadPageError,
    entries,
    first_key,
    is_well_formed,
    offset_inside,
)


@pytest.mark.parametrize("size", [0, 1, 2, 4, 6, 8, 3, 255, 256, 1000])
@pytest.mark.parametrize("key", [b"\x07", b"\x80\x01", b"\xc0\x00\x01", b"FNAM", b"long key " * 3])
def test_every_class_of_key_and_value_is_read(raw, key, size):
    value = bytes(range(256)) * 4
    payload = raw.push(b"\x02") + raw.entry(key, value[:size]) + b"\x40"

    assert list(entries(payload)) == [((b"\x02",), key, value[:size])]


def test_directories_nest_and_close(raw):
    payload = (
        raw.push(b"\x80\x01")
        + b"\x80"
        + raw.push(b"\x05")
        + raw.entry(b"\x01", b"a")
        + b"\x40"
        + raw.entry(b"\x06", b"b")
        + b"\x40"
        + raw.entry(b"\xff", b"c")
    )

    assert list(entries(payload)) == [
        ((b"\x80\x01", b"\x05"), b"\x01", b"a"),
        ((b"\x80\x01",), b"\x06", b"b"),
        ((), b"\xff", b"c"),
    ]


def test_the_leftmost_index_entry_has_a_key_in_spite_of_its_length():
    page = bytes.fromhex("1b000100000005") + bytes.fromhex("db000100000006")

    assert list(entries(page)) == [((), b"\x01", b"\0\0\0\x05"), ((), b"\x01", b"\0\0\0\x06")]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",  # a sector that is not there
        b"\x81\x01",  # no such code
        b"\x06\x01\xff",  # a value longer than what is left
        b"\x07\x01\xff",  # half a length
        b"\x06",  # no key
        b"\x20",  # no key to push
        b"\x18\xff\x01",  # a key longer than what is left
        b"\x21\x01",  # a push with a value
        b"\x20\x01" * 17,  # too deep
    ],
)
def test_a_payload_against_the_grammar_is_refused(damaged):
    with pytest.raises(BadPageError):
        list(entries(damaged))
    assert not is_well_formed(damaged)


def test_keys_out_of_order_are_not_well_formed(raw):
    in_order = raw.entry(b"\x01", b"") + raw.entry(b"\x02", b"")
    out_of_order = raw.entry(b"\x02", b"") + raw.entry(b"\x01", b"")

    assert is_well_formed(in_order)
    assert not is_well_formed(out_of_order)


def test_the_first_key_is_found_behind_directories_that_only_close(raw):
    payload = raw.push(b"\x80\x01") + raw.push(b"\x05") + b"\x40\x80" + raw.entry(b"\x06", b"x")

    assert first_key(payload) == (b"\x80\x01", b"\x06")
    assert first_key(raw.push(b"\x80\x01") + b"\x40\x40") == (b"\x80\x01",)
    assert first_key(b"") is None
    assert first_key(b"\x06") is None


def test_the_inside_of_a_directory_is_found_or_the_side_on_which_it_lies(raw):
    payload = raw.push(b"\x03") + raw.entry(b"\x01", b"abc") + raw.push(b"\x05")
    inside = payload + raw.entry(b"\x09", b"") + b"\x40\x40"

    assert offset_inside(inside, (b"\x03", b"\x05")) == (len(payload), True)
    assert offset_inside(inside, (b"\x03", b"\x04")) == (1, False)
    assert offset_inside(inside, (b"\x03", b"\x06")) == (-1, False)
    with pytest.raises(BadPageError):
        offset_inside(inside[:3], (b"\x03", b"\x05"))
