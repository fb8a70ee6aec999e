import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.filemaker.fmp import scsu


def decode(*pieces):
    return scsu.decode(b"".join(p if isinstance(p, bytes) else bytes((p,)) for p in pieces))


def test_bytes_without_a_tag_are_latin_1():
    assert decode(b"Gr\xf6\xdfe 12\r\n\t") == "Größe 12\r\n\t"


def test_the_examples_of_the_standard():
    assert scsu.decode(bytes.fromhex("D66C20666C6965DF74")) == "Öl fließt"
    assert scsu.decode(bytes.fromhex("129CBEC1BAB2B0")) == "Москва"
    everything = bytes.fromhex("41DF1281035F10DF1B03DF1C88800BBFFFFF0D0A")
    assert scsu.decode(everything) == "A\xdf\u0401\u015f\xdf\u01df\uf000\U0010ffff\r\n"


@pytest.mark.parametrize("window", range(8))
def test_every_static_window_is_quoted_once(window):
    text = decode(scsu.SQ0 + window, 0x21, b"a")

    assert text == chr(scsu.STATIC_WINDOWS[window] + 0x21) + "a"


@pytest.mark.parametrize("window", range(8))
def test_every_dynamic_window_is_quoted_changed_to_and_left_again(window):
    offset = scsu.DYNAMIC_WINDOWS[window]

    assert decode(scsu.SQ0 + window, 0x81) == chr(offset + 1)
    assert decode(scsu.SC0 + window, 0x81, b"a", 0xFF) == chr(offset + 1) + "a" + chr(offset + 0x7F)
    assert decode(scsu.SC0 + window, scsu.SC0, 0xE9) == "é"


def test_a_window_is_defined_and_used_at_once():
    assert decode(scsu.SD0 + 3, 0x08, 0x90) == chr(0x400 + 0x10)
    assert decode(scsu.SD0, 0x68, 0x80) == chr(0x68 * 0x80 + 0xAC00)
    assert decode(scsu.SD0 + 7, 0xF9, 0x80) == "\u00c0"
    assert decode(scsu.SD0 + 7, 0xFF, 0x80) == "\uff60"


def test_a_window_beyond_the_basic_plane_is_defined():
    # U+1F600 stands in the window from U+1F600: (0x1F600 - 0x10000) / 0x80 = 0x1EC.
    assert decode(scsu.SDX, (2 << 5) | 0x01, 0xEC, 0x80, 0x81) == "😀😁"


def test_one_unit_is_quoted():
    assert decode(b"x", scsu.SQU, 0xE0, 0x00, b"y") == "x\ue000y"


def test_unicode_mode_is_entered_and_left():
    han = "漢字".encode("utf-16-be")

    assert decode(b"a", scsu.SCU, han, scsu.UC0 + 2, 0x90, b"b") == "a漢字\u0410b"
    assert decode(scsu.SCU, han, scsu.UD0 + 1, 0x08, 0x90) == "漢字\u0410"
    assert decode(scsu.SCU, scsu.UDX, 0x21, 0xEC, 0x80) == "😀"


def test_surrogate_pairs_are_one_character_in_unicode_mode_and_when_quoted():
    assert decode(scsu.SCU, "a😀b".encode("utf-16-be")) == "a😀b"
    assert decode(scsu.SQU, 0xD8, 0x3D, scsu.SQU, 0xDE, 0x00) == "😀"
    assert decode(scsu.SCU, scsu.UQU, 0xE0, 0x00, "漢".encode("utf-16-be")) == "\ue000漢"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x0c",  # the reserved tag
        b"a\x0e\x41",  # half a unit quoted
        b"\x0f\x41",  # half a unit in Unicode mode
        b"\x0f\xf2\x41",  # the reserved tag of Unicode mode
        b"\x0f\xd8\x3d",  # half a pair
        b"\x18\x00",  # a window without an offset
        b"\x18\xa8\x41",
        b"\x0b\x00",
        b"\x05",
    ],
)
def test_what_is_not_scsu_is_told_and_marked(raw):
    text, sound = scsu.decode_leniently(raw)

    assert (sound, "\ufffd" in text) == (False, True)
    with pytest.raises(scsu.ScsuError):
        scsu.decode(raw)


@given(st.binary())
def test_any_bytes_decode_to_text_that_can_be_encoded(raw):
    scsu.decode_leniently(raw)[0].encode("utf-8")


@given(st.text())
def test_any_text_in_unicode_mode_comes_back(text):
    quoted = b"".join(
        (b"\xf0" if 0xE0 <= unit[0] <= 0xF2 else b"") + unit
        for unit in (
            text.encode("utf-16-be")[at : at + 2]
            for at in range(0, len(text.encode("utf-16-be")), 2)
        )
    )

    assert scsu.decode(b"\x0f" + quoted) == text
