from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ui.colour import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    NEXUS_ACCENT,
    TEXT_CONTRAST,
    accent_of,
    contrast,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

from hypothesis import given
from hypothesis import strategies as st


def hex_colours() -> SearchStrategy[str]:
    return st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@given(hex_colours())
def test_every_accent_becomes_readable(colour: str) -> None:
    accent = accent_of(colour)

    assert contrast(accent.fill, accent.on_fill) >= TEXT_CONTRAST
    assert contrast(accent.text_on_light, LIGHT_SURFACE) >= TEXT_CONTRAST
    assert contrast(accent.text_on_dark, DARK_SURFACE) >= TEXT_CONTRAST


@pytest.mark.parametrize("colour", ["", "red", "#12345", "#1234567", "#123456;}body{display:none"])
def test_what_is_no_colour_becomes_the_platforms_own(colour: str) -> None:
    assert accent_of(colour) == accent_of(NEXUS_ACCENT)
