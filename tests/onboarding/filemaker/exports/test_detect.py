from __future__ import annotations

import random

import pytest

from onboarding.filemaker.exports.detect import judge_start, kind_of, open_source
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.reader import FmpFile


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("xml", "xml"), ("csv", "delimited"), ("mer", "delimited"), ("tab", "delimited"), ("xlsx", "workbook")],
)  # fmt: skip
def test_a_file_is_known_by_its_content_whatever_its_name(exported, kind, expected):
    path = exported(kind)
    renamed = path.rename(path.with_suffix(".fmp12"))

    assert kind_of(renamed) == expected
    with open_source(renamed) as file:
        assert len(file.tables()) == 1


def test_a_database_file_is_read_natively(demo):
    with open_source(demo.path) as file:
        assert isinstance(file, FmpFile)


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"", "empty-file"),
        (bytes(range(256)) * 16, "unknown-file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(4088), "unknown-file"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(32)) * 100, "unknown-file"),
        (b"just words\n" * 300, "no-columns"),
        (b"<html><body>Sign in, please</body></html>", "html-page"),
        (b"PK\x03\x04" + bytes(4092), "zip-archive"),
        (b"<?xml version='1.0'?><plist/>", "xml-grammar"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs-pointer"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4088), "protected-workbook"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_at_its_start(start, code):
    with pytest.raises(FileMakerFileError) as refusal:
        judge_start(start, len(start))

    assert refusal.value.code == code
    assert refusal.value.remedy


def test_any_start_is_known_or_refused_by_name():
    chance = random.Random(3)
    starts = [b"PK\x03\x04", b"<?xml", b"\xff\xfe", b"\xef\xbb\xbf", b"<", b"a,b\n", b""]
    for _ in range(2_000):
        start = chance.choice(starts) + chance.randbytes(chance.randrange(200))
        try:
            found = judge_start(start, len(start))
        except FileMakerFileError as error:
            found = error.code
        assert found
