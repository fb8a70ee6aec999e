"""What a file is, by its content; the name decides only between what the content leaves open.

A file that could run, or that a browser would run, is refused whatever it is called.
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import puremagic

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 64 * 1024
"""How much of a file's start is looked at."""
SURE = 0.5
UNKNOWN = "application/octet-stream"

INLINE_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})
"""What a browser shows as an image by itself."""
INLINE_PDF = "application/pdf"
DICOM = "application/dicom"


class RefusedFileError(ValueError):
    """The file is of a kind that is not kept; the message is for a person."""


@dataclass(frozen=True)
class FileType:
    media_type: str
    extension: str
    """Without its dot, lower case, letters and digits only."""

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")


# What is told apart by a few bytes at a fixed place, before puremagic is asked.
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    # Before TIFF: a slide may be both, and its DICOM half names the patient.
    (128, b"DICM", DICOM, "dcm"),
    (0, b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (0, b"GIF87a", "image/gif", "gif"),
    (0, b"GIF89a", "image/gif", "gif"),
    (8, b"WEBP", "image/webp", "webp"),
    (0, b"II*\0", "image/tiff", "tif"),
    (0, b"MM\0*", "image/tiff", "tif"),
    (4, b"ftypheic", "image/heic", "heic"),
    (4, b"ftypheix", "image/heic", "heic"),
    (4, b"ftypmif1", "image/heif", "heif"),
    (4, b"ftypavif", "image/avif", "avif"),
)
_PROGRAMS: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "a Linux program"),
    (b"\xfe\xed\xfa\xce", "a Mac program"),
    (b"\xfe\xed\xfa\xcf", "a Mac program"),
    (b"\xce\xfa\xed\xfe", "a Mac program"),
    (b"\xcf\xfa\xed\xfe", "a Mac program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"#!", "a script"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "a Windows shortcut"),
    (b"FWS", "a Flash film"),
    (b"CWS", "a Flash film"),
    (b"ZWS", "a Flash film"),
)
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")
"""The class of a Windows installer's root entry, where other OLE files have their own."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROGRAM_NAMES = frozenset(
    "ade apk app application bat bin_sh chm cmd com cpl deb dll dmg exe gadget hta htm html inf jar "
    "js jse lnk mht mhtml mjs msc msi msp php pif pkg ps1 psm1 py rb reg rpm scf scr sh shtml svgz "
    "swf sys url vb vbe vbs wsf wsh xht xhtml xll".split()
)
_MARKUP = re.compile(
    rb"<\s*(?:!doctype\s+html|html|head|body|script|iframe|frameset|object|embed|meta|link|style)\b",
    re.IGNORECASE,
)
_FIRST_ELEMENT = re.compile(
    rb"\s*(?:<\?[^>]*>\s*|<!--[^>]*-->\s*|<!doctype[^>\[]*>\s*){0,8}<\s*(?:!doctype\s+)?([a-z0-9:]+)",
    re.IGNORECASE,
)
_LIVELY = re.compile(
    rb"<\s*(?:[a-z0-9]+:)?(?:script|foreignobject|iframe|handler|set|animate)\b|\bon[a-z]+\s*=|"
    rb"javascript:|data:text|<!entity|<!doctype[^>]*\[",
    re.IGNORECASE,
)
_BARE_DICOM = re.compile(
    rb"\x02\x00[\x00-\x01]\x00(?:UL|OB)|"  # its head without the empty 128 bytes before it
    rb"\x08\x00[\x00-\x18]\x00(?:(?:UL|CS|UI|DA)|[\x02-\x40]\x00\x00\x00)"  # no head at all
)
_SVG_LIMIT = 4 * 1024 * 1024
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")


def is_picture(media_type: str) -> bool:
    """Answer whether it stands among a patient's images: photos, drawings, X-rays and scans."""
    return media_type == DICOM or media_type.startswith("image/")


def type_of(path: Path, *, name: str = "") -> FileType:
    """Answer what the file on the local disk is; `name` is what people call it.

    Raises RefusedFileError for programs, scripts, web pages and drawings with scripts in them.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise RefusedFileError("The file is empty (0 bytes). Save it again and choose the copy.")
    extension = _extension_of(name)
    _refuse_programs(head, extension)
    _refuse_markup(head, path)
    return _known(head) or _guessed(head, name, extension)


def _refuse_programs(head: bytes, extension: str) -> None:
    for start, what in _PROGRAMS:
        if head.startswith(start) and (len(start) > 3 or not _reads_as_prose(head)):  # noqa: PLR2004 - short ones also start words
            raise RefusedFileError(
                f"This is {what}, not a document. Programs are not kept in patients' files."
            )
    if head[:2] == b"MZ" and not _is_text(head):
        raise RefusedFileError(
            "This is a Windows program, not a document. Programs are not kept in patients' files."
        )
    if head.startswith(_OLE) and _INSTALLER in head:
        raise RefusedFileError("This is a Windows installer, not a document.")
    if extension in _PROGRAM_NAMES:
        raise RefusedFileError(
            f"Files ending in .{extension} can run on a computer and are not kept in patients' "
            "files. If it is a document, save it as PDF and add that."
        )


def _refuse_markup(head: bytes, path: Path) -> None:
    text = _as_ascii(head)
    if _is_svg(text):
        whole = path.stat().st_size <= _SVG_LIMIT
        if not whole or _LIVELY.search(_as_ascii(path.read_bytes())):
            raise RefusedFileError(
                "This drawing (SVG) has programs in it or is too large to be looked through. "
                "Save it as PNG or PDF and add that."
            )
    elif text.lstrip()[:1] == b"<" and _MARKUP.search(text[:4096]):
        raise RefusedFileError(
            "This is a web page. Web pages can carry programs and are not kept in patients' files; "
            "print it as PDF and add that."
        )


def _is_svg(text: bytes) -> bool:
    first = _FIRST_ELEMENT.match(text)
    return first is not None and first[1].lower().rpartition(b":")[2] == b"svg"


def _known(head: bytes) -> FileType | None:
    if b"%PDF-" in head[:1024]:
        return FileType(INLINE_PDF, "pdf")
    for offset, mark, media_type, extension in _SIGNATURES:
        if head[offset : offset + len(mark)] == mark:
            return FileType(media_type, extension)
    if _is_svg(_as_ascii(head)):
        return FileType("image/svg+xml", "svg")
    if _BARE_DICOM.match(head):
        return FileType(DICOM, "dcm")
    return None


def _guessed(head: bytes, name: str, extension: str) -> FileType:
    """Ask puremagic; where it is not sure, whether it is text; else only the name is left."""
    by_name = mimetypes.guess_type(f"x.{extension}")[0] if extension else None
    try:
        found = puremagic.magic_string(head, name)
    except (puremagic.PureError, ValueError):
        found = []
    best = next((match for match in found if match.confidence >= SURE and match.mime_type), None)
    if best is not None and not best.mime_type.startswith("text/html"):
        told = best.extension.lstrip(".").lower()
        return FileType(best.mime_type, told if _EXTENSION.fullmatch(told) else extension or "bin")
    if _is_text(head):
        is_text_name = by_name is not None and by_name.startswith("text/")
        return (
            FileType(by_name, extension)
            if is_text_name and by_name
            else FileType("text/plain", "txt")
        )
    if (
        by_name is not None
        and not by_name.startswith(("image/", "text/"))
        and by_name != INLINE_PDF
    ):
        return FileType(by_name, extension)
    return FileType(UNKNOWN, extension or "bin")


def _extension_of(name: str) -> str:
    suffix = PurePosixPath(name.replace("\\", "/").strip()).suffix.lstrip(".").lower().strip()
    return suffix if _EXTENSION.fullmatch(suffix) else ""


def _as_ascii(head: bytes) -> bytes:
    """Take what a browser would read as text into a form the patterns fit: no mark, no UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore").encode("ascii", "ignore")
    return head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head[:4096])  # noqa: PLR2004 - ASCII controls


def _reads_as_prose(head: bytes) -> bool:
    return _is_text(head) and head[:2] != b"#!"
