"""A clinic's accent colour, made readable wherever the pages use it.

Contrast and relative luminance as in WCAG 2.2, success criteria 1.4.3 and 1.4.11.
"""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from functools import lru_cache

NEXUS_ACCENT = "#1f6f78"
# The darkest light surface and the lightest dark surface that coloured text stands on (nexus.css).
LIGHT_SURFACE = "#eef1f4"
DARK_SURFACE = "#232b36"
INK = "#0b1016"
WHITE = "#ffffff"
TEXT_CONTRAST = 4.5
LARGE_CONTRAST = 3.0

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Accent:
    """The accent and what is derived from it, as #rrggbb."""

    fill: str
    on_fill: str
    text_on_light: str
    text_on_dark: str


def _channels(colour: str) -> tuple[float, float, float]:
    return (
        int(colour[1:3], 16) / 255,
        int(colour[3:5], 16) / 255,
        int(colour[5:7], 16) / 255,
    )


def luminance(colour: str) -> float:
    """Answer the relative luminance of #rrggbb, 0 (black) to 1 (white)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB's own
        for c in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Answer the contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _shifted(colour: str, *, against: str, lighter: bool) -> str:
    """Move the lightness in small steps until text of this colour is readable on `against`."""
    hue, lightness, saturation = rgb_to_hls(*_channels(colour))
    step = 0.01 if lighter else -0.01
    while contrast(colour, against) < TEXT_CONTRAST:
        lightness = min(1.0, max(0.0, lightness + step))
        red, green, blue = hls_to_rgb(hue, lightness, saturation)
        colour = f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
    return colour


@lru_cache(maxsize=256)
def accent_of(colour: str) -> Accent:
    """Derive the readable accents of a colour; what is not #rrggbb becomes Nexus's own."""
    fill = colour.lower() if _HEX.fullmatch(colour or "") else NEXUS_ACCENT
    if contrast(fill, WHITE) >= LARGE_CONTRAST:
        fill = _shifted(fill, against=WHITE, lighter=False)
        on_fill = WHITE
    else:
        on_fill = INK
    return Accent(
        fill=fill,
        on_fill=on_fill,
        text_on_light=_shifted(fill, against=LIGHT_SURFACE, lighter=False),
        text_on_dark=_shifted(fill, against=DARK_SURFACE, lighter=True),
    )
