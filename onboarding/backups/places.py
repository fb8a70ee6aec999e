"""Where backups lie: a folder, or a bucket of an object store that is not the one with the files.

What is written becomes visible whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from django.conf import settings

from onboarding.backups.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.backups.piping import Reader

FIRST_PART = 8 * 1024 * 1024
PARTS_OF_ONE_SIZE = 1000
"""A store takes 10,000 parts of one object: after so many the parts grow twice as large."""


class Sink(Protocol):
    """What one object is written into."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...

    def keep(self) -> None:
        """It is whole: make it visible."""

    def drop(self) -> None:
        """It is not: leave nothing behind."""


class Place(Protocol):
    """A store of backups."""

    @property
    def address(self) -> str:
        """Where that is, for a person; no key stands in it."""

    def create(self, name: str) -> Sink: ...

    def open(self, name: str) -> IO[bytes]:
        """Answer the object's bytes; raises BackupError where it is not there."""

    def size(self, name: str) -> int | None:
        """Answer how large it is; None where it is not there."""

    def delete(self, name: str) -> None: ...


def place() -> Place:
    """Answer the store that `NEXUS_BACKUP_URL` names."""
    options: dict[str, str] = settings.BACKUP_STORE
    return Folder(Path(options["location"])) if "location" in options else Bucket(**options)


class Measured:
    """Counts and hashes what passes into a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._hash, self.size = sink, hashlib.sha256(), 0

    def write(self, data: bytes, /) -> int:
        self._hash.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        self._sink.flush()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def written_to(store: Place, name: str) -> Iterator[Measured]:
    """Write one object in the block; it is there when the block has ended well, else nothing is."""
    sink = store.create(name)
    try:
        yield Measured(sink)
        sink.keep()
    except BaseException:
        with suppress(OSError, BackupError):
            sink.drop()
        raise


def digest_of(source: Reader) -> tuple[str, int]:
    """Read to the end; answers the SHA-256 and how many bytes there were."""
    found, size = hashlib.sha256(), 0
    while block := source.read(1 << 20):
        found.update(block)
        size += len(block)
    return found.hexdigest(), size


class Folder:
    """A folder, best on another disk than the database's."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def address(self) -> str:
        return self._root.as_uri()

    def create(self, name: str) -> Sink:
        target = self._path(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return _FileSink(target)
        except OSError as error:
            raise BackupError(
                f"The folder of the backups cannot be written ({error.strerror}): {self.address}"
            ) from error

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise BackupError(f"{name} is not in {self.address}.") from None

    def size(self, name: str) -> int | None:
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        with suppress(NotADirectoryError):
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        path = (self._root / name).resolve()
        if self._root.resolve() not in path.parents:
            raise BackupError(f"{name!r} is no name of a backup.")
        return path


class _FileSink:
    def __init__(self, target: Path) -> None:
        self._target = target
        self._beside = target.with_name(target.name + ".part")
        opened = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(opened, "wb", 1 << 20)

    def write(self, data: bytes, /) -> int:
        try:
            return self._file.write(data)
        except OSError as error:  # most of all a full disk
            raise BackupError(f"The backup cannot be written: {error.strerror}.") from error

    def flush(self) -> None:
        self._file.flush()

    def keep(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._beside.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self) -> None:
        self._file.close()
        self._beside.unlink(missing_ok=True)


class Bucket:
    """A bucket that speaks S3; keys of access as boto3 finds them, never in the URL."""

    def __init__(self, *, bucket: str, prefix: str, region: str, endpoint: str, kms: str) -> None:
        self._bucket, self._prefix = bucket, prefix
        self._region, self._endpoint, self._kms = region, endpoint, kms

    @property
    def address(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def create(self, name: str) -> Sink:
        more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._kms} if self._kms else {}
        return _PartsSink(self, self._key(name), more)

    def open(self, name: str) -> IO[bytes]:
        answer = self.call("get_object", Key=self._key(name))
        body: IO[bytes] = answer["Body"]
        return body

    def size(self, name: str) -> int | None:
        try:
            return int(self.call("head_object", Key=self._key(name))["ContentLength"])
        except _NotThereError:
            return None

    def delete(self, name: str) -> None:
        self.call("delete_object", Key=self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            region_name=self._region or None,
            endpoint_url=self._endpoint or None,
            config=Config(
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 6, "mode": "standard"},
                s3={"addressing_style": "path" if self._endpoint else "virtual"},
            ),
        )

    def call(self, verb: str, **asked: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, verb)(Bucket=self._bucket, **asked)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in {"404", "NoSuchKey", "NotFound"}:
                raise _NotThereError(f"{asked.get('Key')} is not in {self.address}.") from error
            raise BackupError(f"The store of the backups refused ({code}).") from error
        except BotoCoreError as error:
            raise BackupError(
                f"The store of the backups does not answer ({type(error).__name__})."
            ) from error
        return answer


class _NotThereError(BackupError):
    pass


class _PartsSink:
    """One object in parts: a part in memory at a time, and the object there only at the end."""

    def __init__(self, bucket: Bucket, key: str, more: dict[str, str]) -> None:
        self._bucket, self._key = bucket, key
        self._upload = bucket.call("create_multipart_upload", Key=key, **more)["UploadId"]
        self._held = bytearray()
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes, /) -> int:
        self._held += data
        size = FIRST_PART << (len(self._parts) // PARTS_OF_ONE_SIZE)
        while len(self._held) >= size:
            self._send(bytes(self._held[:size]))
            del self._held[:size]
        return len(data)

    def flush(self) -> None:
        """Parts have a least size: nothing is sent before its time."""

    def keep(self) -> None:
        if self._held or not self._parts:
            self._send(bytes(self._held))
        self._bucket.call(
            "complete_multipart_upload",
            Key=self._key,
            UploadId=self._upload,
            MultipartUpload={"Parts": self._parts},
        )

    def drop(self) -> None:
        self._bucket.call("abort_multipart_upload", Key=self._key, UploadId=self._upload)

    def _send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        answer = self._bucket.call(
            "upload_part", Key=self._key, UploadId=self._upload, PartNumber=number, Body=part
        )
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})
