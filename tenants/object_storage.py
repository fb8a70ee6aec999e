"""Stored files in an S3 bucket: `STORAGE_URL=s3://bucket/prefix?region=…&endpoint=…&kms=key-id`.

Keys are `prefix/t<tenant>/name`. Keys of access come from the environment or the instance's role, as
boto3 finds them, never from the URL. The bucket's own versioning and object lock are left alone: a
file is written once under the name of its checksum, and nothing here deletes or copies.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from tenants.scope import current_scope
from tenants.storage import StorageUnavailableError, Stream, checked_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = 8 * 1024 * 1024
NOT_THERE = {"404", "NoSuchKey", "NotFound"}


@contextmanager
def _answered() -> Iterator[None]:
    """Turn boto's errors into ours; the text names the bucket's error code, no key and no secret."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in NOT_THERE:
            raise FileNotFoundError("There is no such file in the storage.") from error
        raise StorageUnavailableError(f"The file storage refused ({code}).", code=code) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailableError(
            f"The file storage did not answer ({type(error).__name__})."
        ) from error


class ScopedS3Storage(S3Storage):  # type: ignore[misc]
    """A bucket with a folder per clinic; raises NoTenantError outside a scope.

    `access` is the key's id and its secret, where a clinic brings a bucket of its own.
    """

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str,
        region: str,
        endpoint: str,
        kms: str,
        access: tuple[str, str] | None = None,
    ) -> None:
        # With a key of the clinic's, nothing of the platform's own access may go along.
        keys = (
            {"access_key": access[0], "secret_key": access[1], "security_token": None}
            if access
            else {}
        )
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
        super().__init__(
            bucket_name=bucket,
            location=prefix,
            region_name=region or None,
            endpoint_url=endpoint or None,
            object_parameters=encryption,
            default_acl=None,
            file_overwrite=False,
            transfer_config=TransferConfig(
                multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2
            ),
            client_config=Config(
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 4, "mode": "standard"},
                # A bucket on an endpoint of one's own has no host name of its own.
                s3={"addressing_style": "path" if endpoint else "virtual"},
            ),
            **keys,
        )

    def _normalize_name(self, name: str) -> str:
        inside = f"{current_scope().key}/{checked_name(name)}"
        return str(super()._normalize_name(inside))

    def adopt(self, path: Path, name: str, *, media_type: str = "") -> None:
        parameters = self.get_object_parameters(name)
        parameters["ContentType"] = media_type or self.default_content_type
        with path.open("rb") as file, _answered():
            self._client.upload_fileobj(
                file,
                self.bucket_name,
                self._normalize_name(name),
                ExtraArgs=parameters,
                Config=self.transfer_config,
            )
        path.unlink(missing_ok=True)

    def size_or_none(self, name: str) -> int | None:
        try:
            with _answered():
                head = self._client.head_object(
                    Bucket=self.bucket_name, Key=self._normalize_name(name)
                )
        except FileNotFoundError:
            return None
        return int(head["ContentLength"])

    def stream(self, name: str, *, start: int = 0) -> Stream:
        wanted: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
        with _answered():
            answer = self._client.get_object(
                Bucket=self.bucket_name, Key=self._normalize_name(name), **wanted
            )
        body: Stream = answer["Body"]
        return body

    def delete(self, name: str) -> None:
        with _answered():
            self._client.delete_object(Bucket=self.bucket_name, Key=self._normalize_name(name))

    def signed_url(self, name: str, *, seconds: int) -> str:
        """Answer an address at which anybody reads the file for a while."""
        url: str = self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.bucket_name, "Key": self._normalize_name(name)},
            ExpiresIn=seconds,
        )
        return url

    def encryption_of(self, name: str) -> tuple[str, str]:
        """Answer how the store has encrypted the file, and under which key of its own."""
        with _answered():
            head = self._client.head_object(Bucket=self.bucket_name, Key=self._normalize_name(name))
        return str(head.get("ServerSideEncryption", "")), str(head.get("SSEKMSKeyId", ""))

    def names_below(self, folder: str) -> Iterator[str]:
        root = self._normalize_name("").rstrip("/") + "/"
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Prefix=f"{root}{checked_name(folder)}/"
        )
        with _answered():
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(root)

    @property
    def _client(self) -> Any:
        return self.connection.meta.client
