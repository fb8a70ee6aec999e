import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.filemaker.fmp import scsu
from onboarding.filemaker.fmp.writer.scsu_encode import (
    UnencodableTextError,
    encode,
    masked,
    one_byte,
    utf16_length,
)

SCRIPTS = (
    st.characters(min_codepoint=0x20, max_codepoint=0x7E),
    st.characters(min_codepoint=0x80, max_codepoint=0x24F),
    st.characters(min_codepoint=0x370, max_codepoint=0x6FF),
    st.characters(min_codepoint=0x900, max_codepoint=0x97F),
    st.characters(min_codepoint=0x1E00, max_codepoint=0x22FF),
    st.characters(min_codepoint=0x3000, max_codepoint=0x30FF),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF),
    st.characters(min_codepoint=0xAC00, max_codepoint=0xACFF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xF2FF),
    st.characters(min_codepoint=0xFE00, max_codepoint=0xFFFF),
    st.characters(min_codepoint=0x1F300, max_codepoint=0x1F6FF),
    st.characters(min_codepoint=0, max_codepoint=0x1F),
)


@given(st.lists(st.one_of(*(st.text(script, max_size=8) for script in SCRIPTS))).map("".join))
def test_every_mixture_of_scripts_comes_back(text):
    assert scsu.decode(encode(text)) == text


@given(st.text())
def test_every_text_comes_back(text):
    assert scsu.decode(encode(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ASCII\r", b"plain ASCII\r"),
        ("Müller", b"M\xfcller"),
        ("Имя", b"\x12\x98\xbc\xcf"),
        ("03\ue000", b"03\x1b\x68\x80"),
        ("O’Brien", b"O\x05\x19Brien"),
        ("中", b"\x0e\x4e\x2d"),
        ("中文", b"\x0f\x4e\x2d\x65\x87"),
        ("😀", b"\x0f\xd8\x3d\xde\x00"),
        ("\x01", b"\x01\x01"),
        ("中文\ue000文", b"\x0f\x4e\x2d\x65\x87\xf0\xe0\x00\x65\x87"),
        ("中文\uf2ff文a", b"\x0f\x4e\x2d\x65\x87\xf0\xf2\xff\x65\x87\xe0a"),
    ],
)
def test_the_bytes_are_those_of_filemaker_or_of_the_standard(text, expected):
    assert encode(text) == expected


def test_a_dynamic_window_makes_an_alphabet_cost_one_byte_a_letter():
    assert len(encode("Здравствуйте")) == 13
    assert len(encode("🙀🙂🙃😀")) < 4 * 4


def test_only_tagless_text_counts_as_one_byte_text():
    assert one_byte("Zoë\r\t") == b"Zo\xeb\r\t"
    assert one_byte("Nguyễn") is None
    assert one_byte("a\x0bb") is None


def test_text_in_the_tree_is_masked():
    assert masked("Pro") == bytes((0x50 ^ 0x5A, 0x72 ^ 0x5A, 0x6F ^ 0x5A))


def test_length_counts_utf16_units():
    assert utf16_length("a😀é") == 4


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(UnencodableTextError, match=r"U\+D83D"):
        encode("\ud83d")
