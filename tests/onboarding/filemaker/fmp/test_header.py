import pytest

from onboarding.filemaker.fmp import errors
from onboarding.filemaker.fmp.header import read_header
from onboarding.filemaker.fmp.reader import open_file

MIB = 1 << 20


def test_a_plain_file_says_its_generation(raw):
    start = raw.header()

    assert read_header(bytes(start), MIB).generation == "fmp12"
    assert read_header(bytes(start), MIB).format_name == "Pro 12.0"
    start[521] = 0x1D
    assert read_header(bytes(start), MIB).generation == "fp7"


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [
        (b"", errors.EmptyFileError, "empty-file"),
        (b"name,phone\nAnn,1\n", errors.NotFileMakerError, "not-filemaker"),
        (b"\0" * 9000, errors.NotFileMakerError, "not-filemaker"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            errors.LfsPointerError,
            "git-lfs-pointer",
        ),
        (b"PK\x03\x04" + b"\0" * 9000, errors.ZipArchiveError, "zip-archive"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><title>Sign in", errors.HtmlPageError, "html-page"),
        (b"<HTML><body>", errors.HtmlPageError, "html-page"),
        (b"\x00\x01\x00\x00\x00\x02\x00", errors.TruncatedFileError, "truncated"),
    ],
)
def test_what_is_not_a_filemaker_file_is_named(tmp_path, content, error, code):
    path = tmp_path / "clinic.fmp12"
    path.write_bytes(content)

    with pytest.raises(error) as caught:
        open_file(path)

    assert caught.value.as_json()["code"] == code
    assert caught.value.remedy in str(caught.value)


def test_an_encrypted_file_shows_the_hint_for_its_password(raw):
    start = raw.header()
    start[19:20] = b"e"
    start[0x30:0x32] = b"\x02\x01"
    start[0x32:0x4A] = "first dog\0zz".encode("utf-16-le")

    with pytest.raises(errors.EncryptedFileError, match='"first dog"') as caught:
        read_header(bytes(start), MIB)

    assert (caught.value.code, caught.value.hint) == ("encrypted", "first dog")


def test_an_encrypted_file_without_a_hint_says_only_what_to_do(raw):
    start = raw.header()
    start[19:20] = b"e"

    with pytest.raises(errors.EncryptedFileError, match="Remove the encryption") as caught:
        read_header(bytes(start), MIB)

    assert "hint" not in str(caught.value)


@pytest.mark.parametrize("maker", [b"Pro 3.0", b"Pro 5.0", b""])
def test_files_of_filemaker_3_to_6_are_too_old(raw, maker):
    start = raw.header()
    start[15:20] = b" work"
    start[541:] = (b"\x07" + maker).ljust(4096 - 541, b"\0")

    with pytest.raises(errors.TooOldFileError) as caught:
        read_header(bytes(start), MIB)

    assert caught.value.generation == f"fp3/fp5 {maker.decode()}".strip()


def test_a_file_that_ends_after_its_first_sector_is_truncated(raw, tmp_path):
    path = tmp_path / "short.fmp12"
    path.write_bytes(bytes(raw.header()))

    with pytest.raises(errors.TruncatedFileError):
        open_file(path)


def test_another_sector_size_is_damage(raw):
    start = raw.header()
    start[20:24] = b"\0\0\x20\0"

    with pytest.raises(errors.DamagedFileError, match="sector size"):
        read_header(bytes(start), MIB)


@pytest.mark.parametrize(
    "name", ["evanmiller__fmptools__CAKUNITS.FP5", "evanmiller__fmptools__government.FP3"]
)
def test_the_old_samples_are_too_old(shared, name):
    with pytest.raises(errors.TooOldFileError, match="FileMaker 3 to 6"):
        open_file(shared / "samples" / name)
