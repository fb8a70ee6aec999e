"""Backups in a bucket and under a key service, on MiniStack, which nobody of this project wrote."""

from __future__ import annotations

import boto3
import pytest

from onboarding.backups import services
from onboarding.backups.errors import BackupError, CannotOpenError
from onboarding.backups.places import Folder, place, written_to
from onboarding.backups.sealing import opened, sealer
from tenants import keyring
from tests.peers.object_store import KEYS, REGION, object_store

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def endpoint():
    with object_store() as url:
        yield url


@pytest.fixture
def bucket(endpoint, monkeypatch, settings):
    for name, value in {**KEYS, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", endpoint)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": REGION})
    settings.BACKUP_STORE = {
        "bucket": "backups", "prefix": "nexus", "region": REGION, "endpoint": endpoint, "kms": "",
    }  # fmt: skip
    yield client
    for found in client.list_objects_v2(Bucket="backups").get("Contents", ()):
        client.delete_object(Bucket="backups", Key=found["Key"])


def keys_in(client) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket="backups").get("Contents", ())]


def break_off(store, name: str, content: bytes) -> None:
    with written_to(store, name) as out:
        out.write(content)
        raise ZeroDivisionError


def test_a_backup_in_a_bucket_sealed_under_a_service_key_comes_back(
    committed, alpha, bucket, settings
):
    key = boto3.client("kms").create_key(Description="backups")["KeyMetadata"]["KeyId"]
    settings.VAULT_KEYS, settings.VAULT_KMS_KEY = {}, key
    keyring._service.cache_clear()

    backup = services.write_backup(services.begin_backup(alpha, actor="Olga"))

    assert keys_in(bucket) == [f"nexus/{backup.name}"]
    assert (backup.place, backup.sealed_for) == ("s3://backups/nexus", [f"key kms:{key}"])
    assert services.verify_backup(backup)["counts"] == backup.counts
    place().delete(backup.name)
    with pytest.raises(BackupError, match="is not in s3://backups/nexus"):
        services.verify_backup(backup)


def test_what_is_larger_than_a_part_is_whole_and_what_breaks_off_is_not_there(bucket):
    store = place()
    block = bytes(range(256)) * 4096

    with written_to(store, "large") as out:
        for _ in range(9):
            out.write(block)
    with pytest.raises(ZeroDivisionError):
        break_off(store, "broken", block * 9)

    with store.open("large") as source:
        assert source.read() == block * 9
    assert (store.size("large"), store.size("broken")) == (9 * MEGABYTE, None)
    assert "UploadId" not in str(bucket.list_multipart_uploads(Bucket="backups").get("Uploads", ""))


def test_a_folder_keeps_what_is_whole_and_no_name_leads_out_of_it(tmp_path):
    store = Folder(tmp_path / "backups")

    with written_to(store, "a/b") as out:
        out.write(b"whole")
    with pytest.raises(ZeroDivisionError):
        break_off(store, "a/c", b"half")

    assert [path.name for path in (tmp_path / "backups" / "a").iterdir()] == ["b"]
    assert (tmp_path / "backups" / "a" / "b").stat().st_mode & 0o077 == 0
    for name in ("../out", "/etc/passwd", "a/../../out", ""):
        with pytest.raises(BackupError):
            store.create(name)


def test_blocks_of_a_sealed_stream_cannot_be_cut_or_moved(tmp_path):
    """Every length around a block's: whole it opens; a block less, or two exchanged, it does not."""
    sealing, store = sealer(), Folder(tmp_path)
    for size in (0, 1, 65535, 65536, 65537, 3 * 65536):
        content = bytes(size)
        source = tmp_path / "plain"
        source.write_bytes(content)
        with written_to(store, "sealed") as out, source.open("rb") as reading:
            sealing.seal(reading, out)
        with store.open("sealed") as reading, opened(reading) as inside:
            assert inside.read() == content
    sealed = (tmp_path / "sealed").read_bytes()
    block = 65536 + 16
    head = len(sealed) - 3 * block
    for wrong in (
        sealed[:-block],
        sealed[: head + block] + sealed[head + 2 * block :],
        sealed[:head] + sealed[head + block : head + 2 * block] + sealed[head : head + block]
        + sealed[head + 2 * block :],
        sealed + b"\0" * block,
        sealed[:head],
    ):  # fmt: skip
        (tmp_path / "wrong").write_bytes(wrong)
        with (
            pytest.raises(CannotOpenError),
            store.open("wrong") as reading,
            opened(reading) as inside,
        ):
            inside.read()
