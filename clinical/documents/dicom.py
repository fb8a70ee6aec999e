"""One picture out of a DICOM file, for its preview. What a person looks at is drawn in the browser.

Read are the little-endian forms with plain pixels, JPEG and JPEG 2000 (PS3.5, PS3.10); the first
frame of several. Nothing of who the patient is leaves this module.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

UNDEFINED = 0xFFFFFFFF
PIXELS = 0x7FE00010
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
MOST_ELEMENTS = 20_000
DEEPEST = 12
LONGEST_VALUE = 4096
LONG_FORMS = frozenset(b"OB OW OF OD OL OV SQ UC UR UT UN".split())

SYNTAX = 0x00020010
SAMPLES, COLOURS, PLANAR, FRAMES = 0x00280002, 0x00280004, 0x00280006, 0x00280008
ROWS, COLUMNS, BITS, SIGNED = 0x00280010, 0x00280011, 0x00280100, 0x00280103
CENTRE, WIDTH, INTERCEPT, SLOPE = 0x00281050, 0x00281051, 0x00281052, 0x00281053
WANTED = frozenset({
    SYNTAX, SAMPLES, COLOURS, PLANAR, FRAMES, ROWS, COLUMNS, BITS, SIGNED, CENTRE, WIDTH, INTERCEPT, SLOPE,
})  # fmt: skip
IMPLICIT = "1.2.840.10008.1.2"
PLAIN = frozenset({IMPLICIT, "1.2.840.10008.1.2.1"})
PACKED = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 90, 91))


class NoPictureError(ValueError):
    """The file has no picture that is read here."""


@dataclass
class _Header:
    values: dict[int, bytes] = field(default_factory=dict)
    pixels_length: int = 0
    elements: int = 0

    def number(self, tag: int, otherwise: int = 0) -> int:
        value = self.values.get(tag, b"")
        return int(struct.unpack("<H", value[:2])[0]) if len(value) >= 2 else otherwise  # noqa: PLR2004 - of 16 bits

    def text(self, tag: int) -> str:
        return self.values.get(tag, b"").decode("latin-1").strip(" \0")

    def decimal(self, tag: int) -> float | None:
        """Answer the first of the element's decimal numbers."""
        first = self.text(tag).split("\\")[0].strip()
        return float(first) if first else None


def picture_of(path: Path, *, most: int) -> Image.Image:
    """Answer the first frame as its window shows it; raises NoPictureError, or a ValueError.

    `most` is how many pixels are decoded.
    """
    with path.open("rb") as file:
        header, syntax = _read_header(file)
        rows, columns = header.number(ROWS), header.number(COLUMNS)
        if not 0 < rows * columns <= most:
            raise NoPictureError(f"{columns} x {rows}")
        if syntax in PLAIN:
            return _plain(file, header, (columns, rows))
        if syntax in PACKED and header.pixels_length == UNDEFINED:
            return _windowed(_unpacked(file, header, (columns, rows)), header)
    raise NoPictureError(f"transfer syntax {syntax}")


def _read_header(file: IO[bytes]) -> tuple[_Header, str]:
    """Read up to the pixels; the file stands at their first byte then."""
    header = _Header()
    file.seek(128)
    if file.read(4) != b"DICM":
        raise NoPictureError("no DICOM head")
    _walk(file, header, is_explicit=True, until=0x0002FFFF)
    syntax = header.text(SYNTAX) or IMPLICIT
    _walk(file, header, is_explicit=syntax != IMPLICIT, until=PIXELS)
    return header, syntax


def _walk(
    file: IO[bytes], header: _Header, *, is_explicit: bool, until: int, depth: int = 0
) -> None:
    """Go over elements, keeping the wanted ones of the first level, until one past `until`."""
    while True:
        start = file.tell()
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 - an element's head
            raise NoPictureError("the file ends before its pixels")
        group, element = struct.unpack("<HH", head[:4])
        tag = group << 16 | element
        header.elements += 1
        if header.elements > MOST_ELEMENTS or depth > DEEPEST:
            raise NoPictureError("too many elements")
        if tag == ITEM_END:
            return
        if tag > until and not depth:
            file.seek(start)
            return
        length, is_sequence = _length(file, head, is_explicit=is_explicit and group != 0xFFFE)  # noqa: PLR2004 - delimiters have no form
        if tag == PIXELS and not depth:
            header.pixels_length = length
            return
        if length == UNDEFINED:
            _skip_items(file, header, is_explicit=is_explicit, depth=depth)
        elif tag in WANTED and not depth and not is_sequence and length <= LONGEST_VALUE:
            header.values[tag] = file.read(length)
        else:
            file.seek(length, 1)


def _length(file: IO[bytes], head: bytes, *, is_explicit: bool) -> tuple[int, bool]:
    if not is_explicit:
        return struct.unpack("<I", head[4:])[0], False
    form = head[4:6]
    if form in LONG_FORMS:
        return struct.unpack("<I", file.read(4))[0], form == b"SQ"
    return struct.unpack("<H", head[6:])[0], False


def _skip_items(file: IO[bytes], header: _Header, *, is_explicit: bool, depth: int) -> None:
    while True:
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 - an item's head
            raise NoPictureError("the file ends within a sequence")
        group, element, length = struct.unpack("<HHI", head)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            return
        if tag != ITEM:
            raise NoPictureError("a sequence without items")
        if length == UNDEFINED:
            _walk(file, header, is_explicit=is_explicit, until=UNDEFINED, depth=depth + 1)
        else:
            file.seek(length, 1)


def _plain(file: IO[bytes], header: _Header, size: tuple[int, int]) -> Image.Image:
    bits, samples = header.number(BITS, 8), header.number(SAMPLES, 1)
    content = file.read(size[0] * size[1] * samples * bits // 8)
    colours = header.text(COLOURS)
    if (samples, bits) == (3, 8) and not header.number(PLANAR):
        if colours == "YBR_FULL":
            return Image.frombytes("YCbCr", size, content).convert("RGB")
        if colours == "RGB":
            return Image.frombytes("RGB", size, content)
    elif samples == 1 and colours.startswith("MONOCHROME"):
        if bits == 8:  # noqa: PLR2004 - a byte
            return _windowed(Image.frombytes("L", size, content), header)
        if bits == 16:  # noqa: PLR2004 - two bytes
            form = "I;16S" if header.number(SIGNED) else "I;16"
            return _windowed(Image.frombytes("I", size, content, "raw", form), header)
    raise NoPictureError(f"{colours} of {samples} x {bits} bits")


def _unpacked(file: IO[bytes], header: _Header, size: tuple[int, int]) -> Image.Image:
    """Decode the first frame's fragments; the first item is the table of where frames begin."""
    content, is_table = b"", True
    has_frames = (header.decimal(FRAMES) or 1) > 1
    while True:
        head = file.read(8)
        if len(head) < 8 or struct.unpack("<HH", head[:4]) != (0xFFFE, 0xE000):  # noqa: PLR2004 - an item's head
            break
        part = file.read(struct.unpack("<I", head[4:])[0])
        content += b"" if is_table else part
        if has_frames and content:
            break
        is_table = False
    with Image.open(BytesIO(content), formats=("JPEG", "JPEG2000")) as image:
        if image.size != size:
            raise NoPictureError(f"{image.size} is not {size}")
        image.load()
        return image.copy()


def _windowed(image: Image.Image, header: _Header) -> Image.Image:
    """Map stored values to eight bits by the file's first window, or by their own extremes."""
    if image.mode not in {"L", "I", "I;16"}:
        return image.convert("RGB")
    grey = image.convert("I")
    slope, intercept = header.decimal(SLOPE) or 1.0, header.decimal(INTERCEPT) or 0.0
    centre, width = header.decimal(CENTRE), header.decimal(WIDTH)
    if centre is None or width is None or width < 1:
        low, high = (float(value) * slope + intercept for value in grey.getextrema())  # type: ignore[arg-type]
        centre, width = (low + high) / 2 + 0.5, high - low + 1
    scale = 255 / max(width - 1, 1)
    offset = (intercept - (centre - 0.5)) * scale + 127.5
    shown = grey.point(lambda value: value * (slope * scale) + offset).convert("L")
    return ImageOps.invert(shown) if header.text(COLOURS) == "MONOCHROME1" else shown
