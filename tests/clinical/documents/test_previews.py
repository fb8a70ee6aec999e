from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from clinical.documents.previews import SIDE, NoPreviewError, preview_of


@pytest.fixture
def drawn(tmp_path):
    def draw(content: bytes):
        path = tmp_path / "image"
        path.write_bytes(content)
        return preview_of(path)

    return draw


def _saved(image: Image.Image, form: str) -> bytes:
    kept = BytesIO()
    image.save(kept, form)
    return kept.getvalue()


def test_a_preview_is_small_and_keeps_the_shape(drawn, jpeg) -> None:
    preview = drawn(jpeg(2000, 1000))

    small = Image.open(BytesIO(preview.jpeg))
    assert (preview.width, preview.height) == (2000, 1000)
    assert small.size == (SIDE, SIDE // 2)


def test_a_photograph_taken_sideways_stands_upright(drawn, jpeg) -> None:
    preview = drawn(jpeg(400, 300, orientation=6))

    small = Image.open(BytesIO(preview.jpeg))
    red, green, blue = small.getpixel((small.width - 20, 20))
    assert (preview.width, preview.height, small.size) == (300, 400, (300, 400))
    assert red > green > blue  # the orange corner went from top left to top right


def test_where_and_with_what_it_was_taken_stays_behind(drawn, jpeg) -> None:
    photo = jpeg()

    preview = drawn(photo)

    assert b"Camera of Ada North" in photo
    assert b"Camera" not in preview.jpeg
    assert dict(Image.open(BytesIO(preview.jpeg)).getexif()) == {}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_colour_is_drawn(drawn, mode) -> None:
    assert drawn(_saved(Image.new(mode, (60, 40)), "PNG")).width == 60


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "BMP"])
def test_every_usual_form_is_drawn(drawn, form) -> None:
    assert drawn(_saved(Image.new("RGB", (60, 40), "teal"), form)).height == 40


def test_a_colour_print_is_drawn(drawn) -> None:
    assert drawn(_saved(Image.new("CMYK", (60, 40)), "JPEG")).width == 60


def test_what_is_see_through_becomes_white(drawn) -> None:
    preview = drawn(_saved(Image.new("RGBA", (60, 40), (0, 0, 0, 0)), "PNG"))

    assert Image.open(BytesIO(preview.jpeg)).getpixel((5, 5)) == (255, 255, 255)


def _bomb(side: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(4096)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8000, 40_000])
def test_an_image_that_claims_to_be_huge_is_not_decoded(drawn, side) -> None:
    with pytest.raises(NoPreviewError):
        drawn(_bomb(side))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", b"not an image", b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0\n"]
)
def test_what_is_damaged_or_no_image_has_no_preview(drawn, content) -> None:
    with pytest.raises(NoPreviewError):
        drawn(content)


def test_a_photograph_that_breaks_off_has_no_preview(drawn, jpeg) -> None:
    with pytest.raises(NoPreviewError):
        drawn(jpeg(1000, 1000)[:4000])
