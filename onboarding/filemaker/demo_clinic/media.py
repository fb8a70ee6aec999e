"""Small PDFs, PNGs and JPEGs made from nothing, for the demo clinic's containers.

Each opens in an ordinary viewer. `pad_to` grows a file to about that many bytes, for benchmarks.
"""

import struct
import zlib
from functools import cache
from random import Random

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PHOTO_SIZE = (240, 180)
PREVIEW_SIZE = (96, 136)
_SHADES = 16
_PDF_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> >> >>"
)
_BLOCK = 8


def pdf(title: str, lines: list[str], rng: Random, pad_to: int = 0) -> bytes:
    """Return a one-page A4 PDF with a heading and lines of text."""
    shown = [f"BT /F1 18 Tf 56 780 Td ({_pdf_text(title)}) Tj ET"]
    for nth, line in enumerate(lines):
        shown.append(f"BT /F1 11 Tf 56 {740 - 18 * nth} Td ({_pdf_text(line)}) Tj ET")
    content = "\n".join(shown).encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PDF_PAGE,
        _pdf_stream(content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    missing = pad_to - sum(map(len, objects)) - 400
    if missing > 0:
        objects.append(_pdf_stream(rng.randbytes(missing)))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(out)


def photo(label: str, rng: Random, pad_to: int = 0) -> bytes:
    """Return a PNG of 240 x 180: soft colours and a disc, its label in a text chunk."""
    header, picture = _picture(rng.randrange(_SHADES))
    text = _png_chunk(b"tEXt", b"Title\0" + label.encode("latin-1", "replace"))
    missing = pad_to - len(header) - len(picture) - len(text) - 24
    padding = _png_chunk(b"paDd", rng.randbytes(missing)) if missing > 0 else b""
    return _PNG_SIGNATURE + header + text + padding + picture + _png_chunk(b"IEND", b"")


@cache
def preview(shade: int) -> bytes:
    """Return a grey JPEG of 96 x 136, such as FileMaker keeps beside a PDF; `shade` from 0."""
    width, height = PREVIEW_SIZE
    quantisation = b"\x00" + bytes((_BLOCK,)) * 64
    frame = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    # DC: the twelve categories have codes of four bits each. AC: "end of block" is one zero bit.
    dc_table = b"\x00" + bytes((0, 0, 0, 12)) + bytes(12) + bytes(range(12))
    ac_table = b"\x10" + bytes((1,)) + bytes(15) + b"\x00"
    return b"".join(
        (
            b"\xff\xd8",
            _jpeg_segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _jpeg_segment(0xDB, quantisation),
            _jpeg_segment(0xC0, frame),
            _jpeg_segment(0xC4, dc_table),
            _jpeg_segment(0xC4, ac_table),
            _jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            _jpeg_scan(width // _BLOCK, height // _BLOCK, shade),
            b"\xff\xd9",
        )
    )


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf_stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)


def _png_chunk(type_: bytes, data: bytes) -> bytes:
    body = type_ + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@cache
def _picture(shade: int) -> tuple[bytes, bytes]:
    """Return the header and data chunks of one of the few pictures all photos share."""
    width, height = PHOTO_SIZE
    centre = (width * (4 + shade % 5) // 12, height // 2)
    radius = (30 + 3 * shade) ** 2
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        down = y * 90 // height
        for x in range(width):
            inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius
            light = 70 if inside else 0
            rows += bytes((100 + down + light - shade, 60 + x // 3 + light, 150 - down + shade))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _png_chunk(b"IHDR", header), _png_chunk(b"IDAT", zlib.compress(bytes(rows), 9))


def _jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def _jpeg_scan(columns: int, rows: int, shade: int) -> bytes:
    """Return the coded blocks of a page with grey lines on it: one grey per block of 8 x 8."""
    bits: list[str] = []
    before = 0
    for row in range(rows):
        for column in range(columns):
            on_line = row % 3 == 1 and 1 <= column < columns - 1 - (row + shade) % 4
            grey = 40 + 4 * shade if on_line else 110
            change = grey - before
            before = grey
            size = abs(change).bit_length()
            coded = change if change >= 0 else change + (1 << size) - 1
            bits.append(f"{size:04b}" + (f"{coded:0{size}b}" if size else "") + "0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big")
    return scan.replace(b"\xff", b"\xff\x00")
