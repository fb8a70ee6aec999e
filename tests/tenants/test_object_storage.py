"""The bucket as MiniStack keeps one; what is wanted of it is in the requests it has seen."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pytest
from django.core.exceptions import SuspiciousFileOperation

from tenants.scope import NoTenantError, tenant_scope
from tenants.storage import StorageUnavailableError
from tests.peers.object_store import KEYS, REGION, object_store


@pytest.fixture(scope="module")
def endpoint():
    with object_store() as url:
        yield url


@pytest.fixture
def client(endpoint, monkeypatch):
    import boto3

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return boto3.client("s3", endpoint_url=endpoint, region_name=REGION)


@pytest.fixture
def bucket(client):
    client.create_bucket(
        Bucket="clinic-files", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client.put_bucket_versioning(
        Bucket="clinic-files", VersioningConfiguration={"Status": "Enabled"}
    )
    yield "clinic-files"
    versions = client.list_object_versions(Bucket="clinic-files")
    for entry in [*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())]:
        client.delete_object(Bucket="clinic-files", Key=entry["Key"], VersionId=entry["VersionId"])
    client.delete_bucket(Bucket="clinic-files")


@pytest.fixture
def storage(bucket, endpoint, tmp_path):
    return _opened(f"s3://{bucket}/live?region={REGION}&endpoint={quote(endpoint)}", tmp_path)


def _opened(url: str, var):
    from django.utils.module_loading import import_string

    from config.storages import FileStorage

    parsed = FileStorage.parse(url, var=var)
    return import_string(parsed.backend)(**parsed.options)


def _file(tmp_path, content: bytes):
    path = tmp_path / "new"
    path.write_bytes(content)
    return path


def test_a_file_lies_below_the_prefix_and_the_clinic(alpha, client, storage, tmp_path) -> None:
    with tenant_scope(alpha):
        storage.adopt(_file(tmp_path, b"%PDF"), "patients/1/a.pdf", media_type="application/pdf")
        size = storage.size_or_none("patients/1/a.pdf")
        stream = storage.stream("patients/1/a.pdf")

    key = f"live/t{alpha.pk}/patients/1/a.pdf"
    assert client.head_object(Bucket="clinic-files", Key=key)["ContentType"] == "application/pdf"
    assert (size, stream.read()) == (4, b"%PDF")
    assert not (tmp_path / "new").exists()


def test_the_neighbour_sees_nothing_of_it(alpha, beta, storage, tmp_path) -> None:
    with tenant_scope(alpha):
        storage.adopt(_file(tmp_path, b"alpha's"), "patients/1/a.pdf")
        names = list(storage.names_below("patients"))
    with tenant_scope(beta):
        found = (storage.size_or_none("patients/1/a.pdf"), list(storage.names_below("patients")))
        with pytest.raises(FileNotFoundError):
            storage.stream("patients/1/a.pdf")

    assert names == ["patients/1/a.pdf"]
    assert found == (None, [])


@pytest.mark.parametrize("name", ["../t1/a.pdf", "a/../../x", "/t1/a.pdf"])
def test_a_name_never_leaves_the_clinics_folder(in_alpha, storage, tmp_path, name) -> None:
    for reach in (storage.stream, storage.size_or_none, storage.exists, storage.delete):
        with pytest.raises(SuspiciousFileOperation):
            reach(name)
    with pytest.raises(SuspiciousFileOperation):
        storage.adopt(_file(tmp_path, b"x"), name)


@pytest.mark.usefixtures("alpha")
def test_without_a_clinic_there_is_no_storage(storage) -> None:
    with pytest.raises(NoTenantError):
        storage.size_or_none("patients/1/a.pdf")


def test_a_large_file_goes_in_parts_and_comes_back_from_anywhere(
    in_alpha, storage, tmp_path
) -> None:
    content = hashlib.sha256(b"seed").digest() * (20 * 1024 * 1024 // 32)

    storage.adopt(_file(tmp_path, content), "patients/1/film.mp4")
    tail = storage.stream("patients/1/film.mp4", start=len(content) - 10).read()

    assert storage.size_or_none("patients/1/film.mp4") == len(content)
    assert tail == content[-10:]


def test_files_are_encrypted_under_the_key_where_one_is_named(
    in_alpha, bucket, client, endpoint, tmp_path
) -> None:
    import boto3

    kms = boto3.client("kms", endpoint_url=endpoint, region_name=REGION)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    url = f"s3://{bucket}/live?region={REGION}&endpoint={quote(endpoint)}&kms={key_id}"
    storage = _opened(url, tmp_path)

    storage.adopt(_file(tmp_path, b"secret"), "patients/1/a.pdf")
    head = client.head_object(Bucket=bucket, Key=f"live/t{in_alpha.pk}/patients/1/a.pdf")

    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"].rpartition("/")[2]) == (
        "aws:kms",
        key_id,
    )
    assert storage.stream("patients/1/a.pdf").read() == b"secret"


def test_django_can_save_and_open_there_too(in_alpha, storage) -> None:
    from django.core.files.base import ContentFile

    first = storage.save("letters/a.txt", ContentFile(b"one"))
    second = storage.save("letters/a.txt", ContentFile(b"two"))
    with storage.open(first) as opened:
        kept = opened.read()

    assert first == "letters/a.txt"
    assert second != first
    assert kept == b"one"


def test_a_store_that_is_away_is_named_in_our_words(in_alpha, tmp_path, client) -> None:
    storage = _opened(f"s3://nowhere/x?region={REGION}&endpoint=http://127.0.0.1:9", tmp_path)

    with pytest.raises(StorageUnavailableError, match="did not answer"):
        storage.size_or_none("patients/1/a.pdf")


def test_a_bucket_that_is_not_there_is_said_to_be_unavailable(
    in_alpha, endpoint, tmp_path, client
) -> None:
    storage = _opened(f"s3://no-such-bucket/x?region={REGION}&endpoint={quote(endpoint)}", tmp_path)

    with pytest.raises(StorageUnavailableError, match="NoSuchBucket"):
        storage.adopt(_file(tmp_path, b"x"), "patients/1/a.pdf")
