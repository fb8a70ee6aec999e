"""Small pictures of images, and how large the images are.

A preview holds the pixels only: the place and time a camera wrote into the file stay behind.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageFile, ImageOps

from clinical.documents.dicom import picture_of
from clinical.documents.sniffing import DICOM

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")
MEDIA_TYPES = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/tiff",
    "image/bmp",
    DICOM,
)
SIDE = 480
MAX_PIXELS = 50_000_000
"""What is decoded in full: 150 MB of colours."""
MAX_JPEG_PIXELS = 400_000_000
"""A JPEG is decoded at an eighth of its size already."""
MAX_BYTES = 200 * 1024 * 1024

ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS


class NoPreviewError(ValueError):
    """No small picture can be made of the file; it is kept all the same."""


@dataclass(frozen=True)
class Preview:
    """`jpeg` is the small picture; width and height are the image's own, upright."""

    jpeg: bytes
    width: int
    height: int


def preview_of(path: Path, media_type: str = "") -> Preview:
    """Make the small picture; raises NoPreviewError for what is damaged, or a bomb."""
    try:
        if media_type == DICOM:
            return _drawn(picture_of(path, most=MAX_PIXELS))
        with Image.open(path, formats=FORMATS) as image:
            return _drawn(image)
    except NoPreviewError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        SyntaxError,
        struct.error,
        OverflowError,
        EOFError,
        IndexError,
        KeyError,
        ZeroDivisionError,
        MemoryError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise NoPreviewError(type(error).__name__) from error


def _drawn(image: Image.Image) -> Preview:
    width, height = image.size
    most = MAX_JPEG_PIXELS if image.format in {"JPEG", "MPO"} else MAX_PIXELS
    if width * height > most:
        raise NoPreviewError(f"{width} x {height}")
    image.draft("RGB", (SIDE * 2, SIDE * 2))
    if image.size[0] * image.size[1] > MAX_PIXELS:
        raise NoPreviewError(f"{width} x {height}")
    turned = ImageOps.exif_transpose(image)
    if (turned.size[0] < turned.size[1]) != (image.size[0] < image.size[1]):
        width, height = height, width
    small = _on_white(turned)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    kept = BytesIO()
    # A new image: nothing of the camera's own notes is carried over.
    plain = Image.new("RGB", small.size)
    plain.paste(small)
    plain.save(kept, "JPEG", quality=82, optimize=True)
    return Preview(kept.getvalue(), width, height)


def _on_white(image: Image.Image) -> Image.Image:
    """Answer the colours as a screen shows them; what is see-through becomes white."""
    if image.mode.startswith(("I", "F")):
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
        scale = 255 / (high - low) if high > low else 1
        return image.point(lambda value: value * scale - low * scale).convert("L").convert("RGB")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        clear.thumbnail((SIDE * 2, SIDE * 2))
        base = Image.new("RGB", clear.size, "white")
        base.paste(clear, mask=clear.getchannel("A"))
        return base
    return image.convert("RGB")
