"""Reading messages of laboratories, as they come and as they should not come. All of it invented."""

from __future__ import annotations

import base64
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.pathology.hl7v2 import Hl7Error, Segment, decode, read_message, texts_of

MSH = r"MSH|^~\&|LIS|Harbour Lab|NEXUS|ALPHA|20261120103000+1000||ORU^R01|M1|P|2.4"
PID = "PID|1||12345^^^LAB^MR~2123456701^^^AUSHIC^MC||North^Ada^Mary||19800312|F"
OBR = (
    "OBR|1|P77|F88^LAB|FBC^Full blood count^L|||202611200915||||||||Vale^^|^Vale^Mira^^^Dr"
    "||||||202611201020|||F"
)


def message(*lines: str, header: str = MSH, who: str = PID) -> str:
    return "\r".join([header, who, *lines])


def test_a_message_is_read_into_its_values():
    read = read_message(
        message(
            OBR,
            "OBX|1|NM|718-7^Haemoglobin^LN||98|g/L|115-165|L|||F",
            r"OBX|2|FT|C^Comment^L||Mild an\T\aemia.\.br\Repeat in \X31\ week\E\s.||||||F",
            "NTE|1||Fasting sample",
            "OBX|3|CE|BG^Blood group^L||A^A positive^L|||AA|||C",
        )
    )

    assert (read.control_id, read.sender, read.sent_at.isoformat()) == (
        "M1",
        "Harbour Lab LIS",
        "2026-11-20T10:30:00+10:00",
    )
    assert (read.person.full_name, read.person.born, read.person.sex, read.person.medicare) == (
        "Ada Mary North",
        date(1980, 3, 12),
        "female",
        "2123456701",
    )
    (report,) = read.reports
    assert (report.filler_number, report.code, report.name, report.status, report.ordered_by) == (
        "F88",
        "FBC",
        "Full blood count",
        "F",
        "Dr Mira Vale",
    )
    assert [(v.kind, v.name, v.text, v.units, v.flag, v.status) for v in report.values] == [
        ("NM", "Haemoglobin", "98", "g/L", "L", "F"),
        ("FT", "Comment", "Mild an&aemia.\nRepeat in 1 week\\s.", "", "", "F"),
        ("NTE", "", "Fasting sample", "", "", ""),
        ("CE", "Blood group", "A positive", "", "AA", "C"),
    ]


def test_an_enclosed_pdf_is_taken_out():
    pdf = b"%PDF-1.4 made up"
    line = (
        f"OBX|1|ED|PDF^Report^L||Lab^application^pdf^Base64^{base64.b64encode(pdf).decode()}||||||F"
    )

    (value,) = read_message(message(OBR, line)).reports[0].values

    assert (value.file, value.file_name) == (pdf, "report.pdf")


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"\x0bMSH|^~\\&|a\rPID|1\x1c\r", ["MSH|^~\\&|a\rPID|1"]),
        (b"\xef\xbb\xbfMSH|^~\\&|a\r\nPID|1\r\n", ["MSH|^~\\&|a\rPID|1"]),
        (b"FHS|^~\\&\nBHS|^~\\&\nMSH|^~\\&|a\nMSH|^~\\&|b\nBTS|2\n", ["MSH|^~\\&|a", "MSH|^~\\&|b"]),
        (b"MSH|^~\\&|a\nOBX|1|FT|c||first\nsecond line\n",
         ["MSH|^~\\&|a\rOBX|1|FT|c||first\\.br\\second line"]),
    ],
    ids=["mllp", "utf-8 mark", "batch", "raw line break"],
)  # fmt: skip
def test_files_are_split_into_messages(content, texts):
    assert texts_of(content) == texts


def test_letters_beyond_ascii_are_read_in_either_charset():
    plain = "MSH|^~\\&|Labor M\u00fcnchen"
    told = "MSH|^~\\&|M\u00fc|||||||||||||||8859/1"
    assert decode(plain.encode()) == plain
    assert decode(plain.encode("iso-8859-1")) == plain
    assert decode(told.encode("iso-8859-1")) == told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (message(OBR, header=MSH.replace("ORU^R01", "ADT^A01")), "this is ADT.A01"),
        (message(OBR, header=MSH.replace("|M1|", "||")), "no message number"),
        (message(OBR, who="PV1|1"), "no PID segment"),
        (message(), "no OBR"),
        (message("OBX|1|NM|a||1"), r"Segment 3 \(OBX\) stands before any OBR"),
        (message(OBR.replace("202611200915", "yesterday")), r"Segment 3 \(OBR\): field 7"),
        (message(OBR.replace("202611200915", "20261399")), r"Segment 3 \(OBR\): field 7"),
        (message(OBR, "OBX|1|ED|a||x^application^pdf^Base64^@@@"), r"Segment 4 \(OBX\).*damaged"),
        (message(OBR, "OBX|1|ED|a||nothing"), r"Segment 4 \(OBX\) should hold a file"),
        ("MSH", r"Segment 1 \(MSH\) is broken off"),
        ("MSH|", r"Segment 1 \(MSH\)"),
    ],
)
def test_what_is_wrong_is_said_by_segment(text, words):
    with pytest.raises(Hl7Error, match=words):
        read_message(text)


@pytest.mark.parametrize(
    ("content", "words"), [(b"name,age\n1,2", "begins with MSH"), (b"\r\n", "no HL7 message")]
)
def test_other_files_are_named_as_such(content, words):
    with pytest.raises(Hl7Error, match=words):
        texts_of(content)


def test_escapes_are_read_and_unknown_ones_stay():
    import hl7

    segment = Segment(1, ["NTE"], hl7.parse("MSH|^~\\&|a\rNTE|1"))
    for written, told in (
        (r"a\.br\b", "a\nb"),
        (r"a\.sp2\b", "a\n\nb"),
        (r"a\.sp999999999\b", "a" + "\n" * 20 + "b"),
        (r"\H\loud\N\ ", "loud "),
        (r"5\S\9 \R\ \F\ \E\ ", "5^9 ~ | \\ "),
        (r"C:\folder", r"C:\folder"),
        (r"one\Zno\two", r"one\Zno\two"),
        (r"50\T\50", "50&50"),
    ):
        assert segment.plain(written) == told, written


FIELD = st.text(alphabet="|^~\\&.brXFST0123456789\rabcOBX OBR NTE-:", max_size=60)


@settings(max_examples=50, deadline=None)
@given(st.lists(FIELD, max_size=5))
def test_no_message_breaks_the_reader(fields):
    """Whatever stands in it: values or the named error, never another."""
    try:
        read_message(message(OBR, *(f"OBX|1|{field}" for field in fields)))
        for text in texts_of("\r".join(["MSH|", *fields]).encode()):
            read_message(text)
    except Hl7Error:
        pass
