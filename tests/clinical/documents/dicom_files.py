"""DICOM files of a few lines: explicit VR, little endian, made for the tests (PS3.5, PS3.10)."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONG = {"OB", "OW", "SQ", "UN"}
EXPLICIT, RLE, J2K, DEFLATED, LOSSLESS = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.70",
)


def element(tag: int, form: str, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        value = struct.pack("<H", value)
    elif isinstance(value, str):
        value = value.encode()
    value += (b"\0" if form in {"OB", "UI"} else b" ") * (len(value) % 2)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + form.encode()
    if form in LONG:
        return head + b"\0\0" + struct.pack("<I", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def dicom(
    rows: list[list[int]],
    *,
    name: str = "North^Ada",
    born: str = "19500303",
    number: int = 1,
    series: str = "1.2.3",
    syntax: str = EXPLICIT,
    modality: str = "CT",
    pixels: bytes | None = None,
    more: Mapping[int, tuple[str, bytes | str | int]] | None = None,
) -> bytes:
    """Make a file of signed 16-bit grey, 0.5 mm a pixel, seen through window 40/400."""
    values = {
        0x00080005: ("CS", "ISO_IR 192"),
        0x00080020: ("DA", "20261101"),
        0x00080060: ("CS", modality),
        0x00081030: ("LO", "Lumbar spine"),
        0x00100010: ("PN", name),
        0x00100030: ("DA", born),
        0x00180050: ("DS", "2.0"),
        0x0020000E: ("UI", series),
        0x00200013: ("IS", str(number)),
        0x00280002: ("US", 1),
        0x00280004: ("CS", "MONOCHROME2"),
        0x00280010: ("US", len(rows)),
        0x00280011: ("US", len(rows[0])),
        0x00280030: ("DS", "0.5\\0.5"),
        0x00280100: ("US", 16),
        0x00280101: ("US", 16),
        0x00280102: ("US", 15),
        0x00280103: ("US", 1),
        0x00281050: ("DS", "40"),
        0x00281051: ("DS", "400"),
        **(more or {}),
    }
    content = b"".join(element(tag, *value) for tag, value in sorted(values.items()))
    if pixels is None:
        plain = b"".join(struct.pack(f"<{len(row)}h", *row) for row in rows)
        content += element(0x7FE00010, "OW", plain)
    else:
        pixels += b"\0" * (len(pixels) % 2)
        content += struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
        content += struct.pack("<HHI", 0xFFFE, 0xE000, 0)
        content += struct.pack("<HHI", 0xFFFE, 0xE000, len(pixels)) + pixels
        content += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    meta = element(0x00020010, "UI", syntax)
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        content = packer.compress(content) + packer.flush()
    head = struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(meta))
    return bytes(128) + b"DICM" + head + meta + content


def halves(left: int = -160, right: int = 240, side: int = 64) -> list[list[int]]:
    """Two halves of one value each."""
    return [[left] * (side // 2) + [right] * (side // 2) for _ in range(side)]


def run_lengths(rows: list[list[int]]) -> bytes:
    """Pack signed 16-bit rows for RLE: the high bytes, then the low ones, each run of one value."""
    words = [struct.pack("<h", value) for row in rows for value in row]
    planes = []
    for part in (1, 0):
        plane = b"".join(bytes([0, word[part]]) for word in words[:-2])
        plane += bytes([255, words[-1][part]])  # the last two at once
        planes.append(plane)
    offsets = [len(planes), 64, 64 + len(planes[0]), *[0] * 13]
    return struct.pack("<16I", *offsets) + b"".join(planes)


def lossless_jpeg(rows: list[list[int]]) -> bytes:
    """Pack unsigned 16-bit rows as lossless JPEG with the first predictor (ITU T.81, annex H)."""
    height, width = len(rows), len(rows[0])
    bits = []
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            before = row[x - 1] if x else rows[y - 1][0] if y else 1 << 15
            unlike = value - before
            size = abs(unlike).bit_length()
            # Every category has a code of five bits, its own number.
            bits.append(f"{size:05b}")
            if size:
                bits.append(f"{unlike if unlike > 0 else unlike + (1 << size) - 1:0{size}b}")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    packed = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\0")
    table = bytes([0, *[0] * 4, 17, *[0] * 11, *range(17)])
    return b"".join((
        b"\xff\xd8",
        b"\xff\xc3" + struct.pack(">HBHHB", 11, 16, height, width, 1) + bytes([1, 0x11, 0]),
        b"\xff\xc4" + struct.pack(">H", 2 + len(table)) + table,
        b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 1, 0, 0]),
        packed,
        b"\xff\xd9",
    ))  # fmt: skip
