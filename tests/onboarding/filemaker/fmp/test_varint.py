import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.filemaker.fmp import varint


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8000"),
        (129, "8001"),
        (243, "8073"),
        (16_511, "bfff"),
        (16_512, "c00000"),
        (1_065_089, "d00001"),
        (2_113_663, "dfffff"),
        (2_113_664, "e0000000"),
        (varint.MAXIMUM, "efffffff"),
    ],
)
def test_every_length_has_its_own_numbers(number, key):
    assert varint.encode(number).hex() == key
    assert varint.decode(bytes.fromhex(key)) == number


@given(st.integers(0, varint.MAXIMUM - 1))
def test_keys_sort_as_their_numbers(number):
    assert varint.decode(varint.encode(number)) == number
    assert varint.encode(number) < varint.encode(number + 1)


@pytest.mark.parametrize("number", [-1, varint.MAXIMUM + 1])
def test_a_number_without_encoding_is_refused(number):
    with pytest.raises(varint.VarintError, match="outside 0"):
        varint.encode(number)


@pytest.mark.parametrize("key", ["", "80", "8001ff", "c001", "e00000", "f0", "ff", "7f00"])
def test_bytes_that_are_not_one_whole_number_are_refused(key):
    assert varint.decode_or_none(bytes.fromhex(key)) is None
    with pytest.raises(varint.VarintError, match="not an ordered varint"):
        varint.decode(bytes.fromhex(key))


def test_a_key_of_several_numbers_is_split():
    assert varint.split(bytes.fromhex("0402")) == (4, 2)
    assert varint.split(bytes.fromhex("80018073")) == (129, 243)
    assert varint.split(bytes.fromhex("04ff")) is None
    assert varint.split(b"") is None
