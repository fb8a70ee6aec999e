from __future__ import annotations

import zipfile

import pytest

from clinical.documents.sniffing import FileType, RefusedFileError, type_of

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.fixture
def judged(tmp_path):
    def judge(content: bytes, name: str = "") -> FileType:
        path = tmp_path / "file"
        path.write_bytes(content)
        return type_of(path, name=name)

    return judge


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"%PDF-1.4\n", "x.exe.pdf", FileType("application/pdf", "pdf")),
        (b"\r\n%PDF-1.4\n", "", FileType("application/pdf", "pdf")),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "photo.PNG", FileType("image/jpeg", "jpg")),
        (b"\x89PNG\r\n\x1a\n", "", FileType("image/png", "png")),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", FileType("image/webp", "webp")),
        (b"\0\0\0\x18ftypheic\0\0", "IMG_1.HEIC", FileType("image/heic", "heic")),
        (bytes(128) + b"DICM", "ankle", FileType("application/dicom", "dcm")),
        (OLE, "Letter to GP.doc", FileType("application/msword", "doc")),
        (b"Dear Dr North,\r\n", "letter.txt", FileType("text/plain", "txt")),
        (b"Dear Dr North,\r\n", "", FileType("text/plain", "txt")),
        (b"a,b\n1,2\n", "results.csv", FileType("text/csv", "csv")),
        ("Grüße".encode(), "letter.pdf", FileType("text/plain", "txt")),
        (b"MZ, our neighbour, called.\n", "note.txt", FileType("text/plain", "txt")),
        (b"FWS clinic notes\n", "note.txt", FileType("text/plain", "txt")),
        (b"<svg xmlns='a'><path d='M0 0'/></svg>", "", FileType("image/svg+xml", "svg")),
        (b"\1\2\3\4\5\6", "scan.q-1", FileType("application/octet-stream", "bin")),
        (b"\1\2\3\4\5\6", "photo.jpg", FileType("application/octet-stream", "jpg")),
    ],
)
def test_a_file_is_what_its_content_says(judged, content, name, expected) -> None:
    assert judged(content, name) == expected


def test_a_letter_of_a_word_processor_is_told_from_other_archives(judged, tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "made", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")

    found = judged((tmp_path / "made").read_bytes(), "Letter.docx")

    assert found == FileType(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\0\3", "scan.pdf"),
        (OLE + bytes.fromhex("84100c0000000000c000000000000046"), "setup.doc"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "x"),
        (b"L\x00\x00\x00\x01\x14\x02\x00\0\0", "Report.pdf.lnk"),
        (b"PK\3\4" + bytes(40), "viewer.jar"),
        (b"WScript.Echo(1)", "Report.JS"),
        (b"<!-- hi --><HTML>", "letter.txt"),
        (b"\xef\xbb\xbf <script>alert(1)</script>", "letter.txt"),
        (b"<?xml version='1.0'?><html xmlns='a'/>", "letter.xml"),
        (b"<!-- x --><svg><a href='javascript:x()'/></svg>", "a.svg"),
        (b"<svg:svg xmlns:svg='a' ONLOAD = 'x()'/>", "a.svg"),
        ("<svg><script/></svg>".encode("utf-16"), "a.svg"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "a.svg"),
        (b"MIME-Version: 1.0\nContent-Type: text/html\n", "page.mht"),
    ],
)
def test_what_a_computer_or_a_browser_would_run_is_refused(judged, content, name) -> None:
    with pytest.raises(RefusedFileError):
        judged(content, name)
