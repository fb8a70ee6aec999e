"""Files made to harm whoever opens them: refused by name, at once, without reading anything else."""

from __future__ import annotations

import time
import zipfile

import pytest

from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.fmp.errors import FileMakerFileError

CONTENT_TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Default Extension="foo" ContentType=
"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/workbook.xml" ContentType=
"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
RELS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship
Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
Target="{target}"/></Relationships>"""
WORKBOOK = """<?xml version="1.0"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r=
"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>
<sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"""
SHEET = """<?xml version="1.0"?>{doctype}
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row></sheetData></worksheet>"""
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]>"
)
FMP = """<?xml version="1.0" encoding="UTF-8"?>{doctype}
<FMPXMLRESULT xmlns="http://www.filemaker.com/fmpxmlresult"><ERRORCODE>0</ERRORCODE>
<DATABASE DATEFORMAT="d/m/yyyy" LAYOUT="" NAME="a" RECORDS="1" TIMEFORMAT="k:mm:ss"/>
<METADATA><FIELD EMPTYOK="YES" MAXREPEAT="1" NAME="Name" TYPE="TEXT"/></METADATA>
<RESULTSET FOUND="1"><ROW MODID="0" RECORDID="1"><COL><DATA>{text}</DATA></COL></ROW></RESULTSET>
</FMPXMLRESULT>"""


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text("the-secret-of-the-server")
    return file


def _workbook(path, *, doctype="", text="x", sheet="worksheets/sheet1.xml", more=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr(
            "_rels/.rels", RELS.format(kind="officeDocument", target="xl/workbook.xml")
        )
        archive.writestr("xl/workbook.xml", WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", RELS.format(kind="worksheet", target=sheet))
        archive.writestr(f"xl/{sheet}", SHEET.format(doctype=doctype, text=text))
        for name, content in more:
            archive.writestr(name, content)
    return path


def _read(path) -> str:
    """Open and read a file whole; answers what stood in it."""
    source = open_source(path, name=path.name)
    return str([(table, list(source.records(table.id))) for table in source.tables()])


def _outcome(path) -> str:
    started = time.perf_counter()
    try:
        found = _read(path)
    except FileMakerFileError as error:
        found = error.code
    assert time.perf_counter() - started < 5
    return found


@pytest.mark.parametrize("kind", ["laughs", "file", "parameter"])
@pytest.mark.parametrize("form", ["xml", "sheet", "sheet of another suffix"])
def test_entities_are_neither_resolved_nor_multiplied(tmp_path, secret, form, kind):
    doctype, text = {
        "laughs": (LAUGHS, "&a9;"),
        "file": (f"<!DOCTYPE x [<!ENTITY f SYSTEM 'file://{secret}'>]>", "&f;"),
        "parameter": (f"<!DOCTYPE x [<!ENTITY % f SYSTEM 'file://{secret}'> %f;]>", "x"),
    }[kind]
    if form == "xml":
        path = tmp_path / "a.xml"
        path.write_text(FMP.format(doctype=doctype, text=text))
    else:
        sheet = "worksheets/sheet1.xml" if form == "sheet" else "worksheets/sheet1.foo"
        path = _workbook(tmp_path / "a.xlsx", doctype=doctype, text=text, sheet=sheet)

    found = _outcome(path)

    assert "the-secret-of-the-server" not in found
    assert len(found) < 100_000


@pytest.mark.parametrize(
    "more",
    [
        [("xl/media/bomb.png", b"\0" * 300_000_000)],
        [("xl/sharedStrings.xml", b" " * 300_000_000)],
        [(f"xl/media/{n}.png", b"") for n in range(5_000)],
        [("xl/../../../../tmp/escaped.xml", b"<a/>")],
        [("/tmp/escaped.xml", b"<a/>")],
    ],
    ids=["a bomb", "a bomb of texts", "many parts", "a way out", "an absolute way"],
)
def test_an_archive_made_to_burst_or_to_leave_its_folder_is_refused(tmp_path, more):
    path = _workbook(tmp_path / "a.xlsx", more=more)

    with pytest.raises(FileMakerFileError):
        _read(path)


def test_a_sound_workbook_is_read(tmp_path):
    assert "Ann" in _outcome(_workbook(tmp_path / "a.xlsx", text="Ann"))
