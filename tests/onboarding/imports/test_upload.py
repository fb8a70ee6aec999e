from __future__ import annotations

import base64
import hashlib
import io

import pytest

from onboarding.imports import upload
from onboarding.imports.models import ImportSource
from onboarding.imports.upload import (
    NoRoomError,
    RefusedFileError,
    UploadClosedError,
    append_part,
    discard_upload,
    start_upload,
)
from onboarding.imports.upload_parts import folder_of, keep_part, plain_file
from tenants.scope import Actor
from ui.uploads import (
    MAX_PART,
    DamagedPartError,
    Part,
    TooLargeUploadError,
    UploadError,
    WrongOffsetError,
)

OWNER = Actor(label="Olive Owner")


def send(source, body, start, end, *, digest=""):
    part = Part(start, end - 1, source.size, digest)
    return append_part(source, part, io.BytesIO(body[start:end]))


def content(source):
    with plain_file(source) as plain:
        return plain.path.read_bytes()


@pytest.fixture
def body(demo):
    return demo.path.read_bytes()


def test_a_file_comes_in_parts_and_is_the_same(in_alpha, body):
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)

    for start in range(0, len(body), 100_000):
        source = send(source, body, start, min(start + 100_000, len(body)))

    assert source.state == ImportSource.State.RECEIVED
    assert content(source) == body


def test_the_file_lies_in_the_clinics_own_folder_under_a_name_of_ours(in_alpha, body):
    source = start_upload(name="../../etc/Anna Lee.fmp12", size=len(body), actor=OWNER)

    assert source.file_name == "Anna Lee.fmp12"
    assert folder_of(source).parent.parent.name == f"t{in_alpha.pk}"
    assert folder_of(source).name == f"{source.pk.hex}.part"


def test_a_part_that_does_not_start_where_the_file_ends_is_told_where_that_is(in_alpha, body):
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)
    send(source, body, 0, 50_000)

    with pytest.raises(WrongOffsetError) as refusal:
        send(source, body, 60_000, 70_000)

    assert refusal.value.offset == 50_000


def test_what_a_crash_left_behind_the_end_is_written_over(in_alpha, body):
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)
    send(source, body, 0, 50_000)
    keep_part(source, 50_000, [b"a part that was never counted"])
    (folder_of(source) / "0123.coming").write_bytes(b"half of a part")

    source = send(source, body, 50_000, len(body))

    assert content(source) == body


def test_a_part_damaged_on_the_way_is_not_kept(in_alpha, body):
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)
    wrong = base64.b64encode(hashlib.sha256(b"else").digest()).decode()

    with pytest.raises(DamagedPartError):
        send(source, body, 0, 50_000, digest=f"sha-256=:{wrong}:")

    assert list(folder_of(source).iterdir()) == []
    right = base64.b64encode(hashlib.sha256(body[:50_000]).digest()).decode()
    assert send(source, body, 0, 50_000, digest=f"sha-256=:{right}:").received == 50_000


def test_a_part_that_breaks_off_is_not_kept(in_alpha, body):
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)

    with pytest.raises(DamagedPartError):
        append_part(source, Part(0, 49_999, len(body)), io.BytesIO(body[:30_000]))

    source.refresh_from_db()
    assert source.received == 0


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n" + b" " * 9_000, "git-lfs-pointer"),
        (b"%PDF-1.7\n\xe2\xe3" + bytes(9_000), "unknown-file"),
        (bytes.fromhex("0001000000020001000500020002C0") + b"HBAMe" + bytes(9_000), "encrypted"),
        (bytes.fromhex("0001000000020001000500020002C0") + bytes(9_000), "too-old"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_first_part(in_alpha, start, code):
    source = start_upload(name="Clinic.fmp12", size=len(start), actor=OWNER)

    with pytest.raises(RefusedFileError) as refusal:
        append_part(source, Part(0, 8191, len(start)), io.BytesIO(start[:8192]))

    assert refusal.value.error.code == code
    source.refresh_from_db()
    assert source.state == ImportSource.State.REFUSED
    assert source.problem == str(refusal.value)
    assert not folder_of(source).exists()
    with pytest.raises(UploadClosedError):
        append_part(source, Part(0, 8191, len(start)), io.BytesIO(start[:8192]))


def test_sizes_that_cannot_be_are_refused(in_alpha, body):
    with pytest.raises(UploadError, match="empty"):
        start_upload(name="Clinic.fmp12", size=0, actor=OWNER)
    with pytest.raises(TooLargeUploadError):
        start_upload(name="Clinic.fmp12", size=upload.MAX_BYTES + 1, actor=OWNER)
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)
    with pytest.raises(UploadError, match="changed"):
        append_part(source, Part(0, 8191, len(body) + 1), io.BytesIO(body))
    with pytest.raises(TooLargeUploadError):
        append_part(source, Part(0, MAX_PART, len(body)), io.BytesIO(body))


def test_without_room_the_upload_is_refused_before_it_begins(in_alpha, monkeypatch):
    usage = upload.shutil.disk_usage("/")._replace(free=600 * 1024**2)
    monkeypatch.setattr(upload.shutil, "disk_usage", lambda _path: usage)

    with pytest.raises(NoRoomError, match="not enough room"):
        start_upload(name="Clinic.fmp12", size=200 * 1024**2, actor=OWNER)

    start_upload(name="Clinic.fmp12", size=50 * 1024**2, actor=OWNER)
    with pytest.raises(NoRoomError):
        start_upload(name="Other.fmp12", size=50 * 1024**2, actor=OWNER)


def test_an_upload_that_is_given_up_leaves_no_file(
    in_alpha, body, django_capture_on_commit_callbacks
):
    source = start_upload(name="Clinic.fmp12", size=len(body), actor=OWNER)
    send(source, body, 0, 50_000)
    path = folder_of(source)

    with django_capture_on_commit_callbacks(execute=True):
        discard_upload(source)

    assert not path.exists()
    assert not ImportSource.objects.exists()
