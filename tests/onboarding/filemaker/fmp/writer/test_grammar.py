import os
from pathlib import Path

import pytest

from onboarding.filemaker.fmp.writer import grammar

SHARED = Path(os.environ.get("NEXUS_SHARED", Path(__file__).parents[6] / "shared"))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (b"\x07", b"", "0007"),
        (b"\x07", b"a", "010761"),
        (b"\x80\x01", b"ab", "0a80016162"),
        (b"\xd0\x00\x01", b"abcd", "13d0000161626364"),
        (b"FNAM", b"abcdef", "1c04464e414d616263646566"),
        (b"\x07", b"abc", "060703616263"),
        (b"\x07", bytes(256), "07070100" + "00" * 256),
    ],
)
def test_an_entry_takes_the_shortest_form(key, value, expected):
    assert grammar.entry(key, value).hex() == expected


def test_a_push_carries_its_component():
    assert grammar.push(b"\x05").hex() == "2005"
    assert grammar.push(b"\x80\x01").hex() == "288001"
    assert grammar.push(b"FILE").hex() == "380446494c45"


def test_an_index_item_names_a_key_or_the_start_of_a_directory():
    assert grammar.child(b"\x07", 260).hex() == "030700000104"
    assert grammar.child(None, 2).hex() == "1b000100000002"


def test_a_sector_says_how_much_of_it_is_unused():
    page = grammar.sector(b"\x80\x40", level=1, previous=4, following=9, counter=3)

    assert len(page) == 4096
    assert page[:22].hex() == "00000000000000040000000900010fea00000003" + "8040"
    assert not any(page[22:])


def test_the_header_is_that_of_a_real_file_in_the_half_that_is_known():
    real = SHARED / "filemaker/samples/joshormond__ooe-fm__Ooe.fmp12"
    if not real.exists():
        pytest.skip(f"the sample files are not there ({real})")
    with real.open("rb") as file:
        assert grammar.header_sector()[:2048] == file.read(2048)
