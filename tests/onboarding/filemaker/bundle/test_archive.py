from __future__ import annotations

import io
import stat
import struct
import unicodedata
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.filemaker.bundle import errors
from onboarding.filemaker.bundle.archive import Archive, Limits
from onboarding.filemaker.fmp.errors import FileMakerFileError


def packed(*members, compression=zipfile.ZIP_DEFLATED):
    """A zip of (name or ZipInfo, content) pairs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in members:
            made.writestr(name, content)
    file.seek(0)
    return file


def info(name, *, mode=0o100644, system=3, **facts):
    made = zipfile.ZipInfo(name)
    made.create_system, made.external_attr = system, mode << 16
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def patched(file, at, value, size=2):
    """The zip with a field of its first central entry overwritten."""
    body = bytearray(file.getvalue())
    entry = body.index(b"PK\x01\x02")
    body[entry + at : entry + at + size] = value.to_bytes(size, "little")
    return io.BytesIO(bytes(body))


def contents(file):
    archive = Archive(file)
    return {m.path: b"".join(archive.chunks(m)) for m in archive.members}


def test_members_come_out_as_they_went_in():
    big = bytes(range(256)) * 5_000

    assert contents(packed(("a/Clinic.fmp12", big), ("b.csv", b"x"))) == {
        "a/Clinic.fmp12": big,
        "b.csv": b"x",
    }


def test_folders_and_what_systems_leave_behind_are_no_members():
    file = packed(
        ("a/", b""), ("a/b.csv", b"1"), ("__MACOSX/a/._b.csv", b"2"), ("a/.DS_Store", b"3"),
        ("a/._b.csv", b"4"), ("Thumbs.db", b"5"),
    )  # fmt: skip

    assert list(contents(file)) == ["a/b.csv"]


@pytest.mark.parametrize(
    "name",
    ["../x.csv", "a/../../x.csv", "/etc/passwd", "C:/x.csv", "c:x.csv", "..\\x.csv", "\\\\host\\x"],
)
def test_a_name_that_leads_out_is_refused(name):
    with pytest.raises(errors.UnsafeNameError, match="outside its folder") as refusal:
        Archive(packed(("fine.csv", b"1"), (name, b"2")))

    assert name.replace("\\", "/").strip("/") in refusal.value.member.replace("\\", "/")


def test_a_name_with_hidden_characters_is_refused():
    with pytest.raises(errors.UnsafeNameError, match="hidden"):
        Archive(packed(("a\nb.csv", b"1")))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_a_link_or_device_is_refused(kind):
    with pytest.raises(errors.LinkInArchiveError, match=r"“way\.csv”"):
        Archive(packed((info("way.csv", mode=kind | 0o777), b"/etc/passwd")))


def test_a_windows_reparse_point_is_refused():
    with pytest.raises(errors.LinkInArchiveError):
        Archive(packed((info("way.csv", system=0, external_attr=0x400), b"C:\\")))


def test_a_member_with_a_password_is_refused_by_name():
    with pytest.raises(errors.ProtectedArchiveError, match=r"“Clinic\.fmp12”"):
        Archive(patched(packed(("Clinic.fmp12", b"1")), 8, 1))


def test_a_packing_nobody_else_uses_is_refused():
    with pytest.raises(errors.PackingError, match="method 9"):
        Archive(patched(packed(("Clinic.fmp12", b"1")), 10, 9))


def test_a_member_that_unpacks_to_far_too_much_is_refused():
    with pytest.raises(errors.ZipBombError, match=r"“zeros\.csv”.*times"):
        Archive(packed(("zeros.csv", bytes(40 * 1024**2))))


def test_many_small_members_that_unpack_to_far_too_much_are_refused():
    with pytest.raises(errors.ZipBombError, match="unpacks to"):
        Archive(packed(*((f"{n}.csv", bytes(1024**2)) for n in range(40))))


def test_a_zip_larger_than_the_disk_may_be_is_refused():
    with pytest.raises(errors.ZipBombError, match="more than"):
        Archive(packed(("a.csv", b"1" * 100)), limits=Limits(total=50))


def test_members_that_share_their_bytes_are_refused():
    body = packed(("a.csv", b"1" * 1000), ("b.csv", b"2" * 1000)).getvalue()
    second = body.rindex(b"PK\x01\x02")
    shared = bytearray(body)
    shared[second + 42 : second + 46] = bytes(4)  # the offset of its local header

    with pytest.raises(errors.ZipBombError, match="shares its bytes"):
        Archive(io.BytesIO(bytes(shared)))


def test_too_many_members_are_refused_before_the_directory_is_read():
    body = bytearray(packed(("a.csv", b"1")).getvalue())
    end = body.rindex(b"PK\x05\x06")
    struct.pack_into("<HH", body, end + 8, 60_000, 60_000)

    with pytest.raises(errors.TooManyMembersError, match="60,000"):
        Archive(io.BytesIO(bytes(body)), limits=Limits(members=1000))


def test_a_size_that_lies_is_found_while_unpacking():
    file = patched(packed(("a.csv", b"1" * 1000)), 24, 10, 4)
    archive = Archive(file)

    with pytest.raises(errors.ArchiveRefusedError, match=r"a\.csv"):
        list(archive.chunks(archive.members[0]))


def test_a_member_that_was_changed_is_found_by_its_checksum():
    body = bytearray(packed(("a.csv", b"1" * 1000), compression=zipfile.ZIP_STORED).getvalue())
    body[200] ^= 1
    archive = Archive(io.BytesIO(bytes(body)))

    with pytest.raises(errors.DamagedArchiveError, match=r"“a\.csv”"):
        list(archive.chunks(archive.members[0]))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Clinic.fmp12", "CLINIC.fmp12"), ("a.csv", "a.csv"), ("a\\b.csv", "a/b.csv"),
     (unicodedata.normalize("NFC", "Jürgen.csv"), unicodedata.normalize("NFD", "Jürgen.csv"))],
)  # fmt: skip
def test_names_that_are_one_to_a_file_system_are_refused(one, other):
    with pytest.raises(errors.SameNameError):
        Archive(packed((one, b"1"), (other, b"2")))


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_without_a_mark_of_their_encoding_are_read(encoding):
    name = "Jürgen.csv"
    raw = name.encode(encoding)
    placeholder = "x" * len(raw)
    body = packed((placeholder, b"1")).getvalue().replace(placeholder.encode(), raw)

    assert list(contents(io.BytesIO(body))) == [name]


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04" + bytes(9000), b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_or_holds_nothing_is_refused(body):
    with pytest.raises(errors.ArchiveRefusedError):
        Archive(io.BytesIO(body))


def test_a_zip_that_was_cut_short_is_refused():
    body = packed(("a.csv", b"1" * 5000), ("b.csv", b"2" * 5000)).getvalue()

    with pytest.raises(errors.DamagedArchiveError):
        Archive(io.BytesIO(body[: len(body) - 40]))


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_zip_is_read_right_or_refused_in_words(data):
    body = bytearray(packed(("a/b.csv", b"1" * 300), ("c.csv", b"2" * 300)).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    limits = Limits(members=100, total=10**6)

    try:
        archive = Archive(io.BytesIO(bytes(body)), limits=limits)
        for member in archive.members:
            assert sum(len(piece) for piece in archive.chunks(member)) == member.size
            assert ".." not in member.path.split("/")
            assert not member.path.startswith("/")
    except FileMakerFileError:
        return  # refused in words: nothing else may come out
