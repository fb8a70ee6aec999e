"""Where a clinic's files lie: in its own bucket or with the platform, and how both are one storage.

A file's place is where it stands: every name is looked for in the bucket first, then with the platform.
So a file that is being moved is found at every moment, and nothing has to be written about it. New
files go to the bucket, unless the clinic is taking its files back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from billing_integrations.storage.bucket import Place, storage_of
from connections import selectors
from connections.models import Connection
from connections.providers import Trade, providers
from connections.sealing import open_secrets
from ports.outcomes import DeliveryError
from tenants.networks import policy_of_clinic
from tenants.scope import current_scope
from tenants.storage import ClinicStorage, StorageUnavailableError, platform_storage
from tenants.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenants.storage import Stream

FOLDERS = ("patients", "unlinked", "threads")
"""What is moved; what passes by itself (reports, exports) goes where it went when it was made."""
LEFT = "left"
"""The option of the connection that says that new files go to the platform again."""


def connection_in_use() -> Connection | None:
    """Answer the connection to the bucket of the clinic in scope; one question, asked often."""
    keys = [one.key for one in providers() if one.trade is Trade.STORAGE]
    return Connection.objects.filter(provider__in=keys, state__in=selectors.IN_USE).first()


def own_bucket(connection: Connection | None = None) -> ClinicStorage | None:
    """Answer the bucket of the clinic in scope, or None; raises StorageUnavailableError."""
    connection = connection or connection_in_use()
    if connection is None:
        return None
    try:
        place = Place.of(connection.options, open_secrets(connection))
        return storage_of(place, policy_of_clinic(current_scope().tenant_id))
    except (DeliveryError, VaultError, KeyError) as error:
        words = error.words if isinstance(error, DeliveryError) else "Connect it again."
        raise StorageUnavailableError(f"The clinic's file store cannot be used: {words}") from error


def storage_before(platform: ClinicStorage) -> ClinicStorage | None:
    """Answer what stands before the platform's storage for the clinic in scope."""
    connection = connection_in_use()
    if connection is None:
        return None
    try:
        bucket = own_bucket(connection)
    except StorageUnavailableError as error:
        return TwoPlaces(_Away(str(error)), platform, is_left=bool(connection.options.get(LEFT)))
    if bucket is None:
        return None
    return TwoPlaces(bucket, platform, is_left=bool(connection.options.get(LEFT)))


def keeps_because() -> str:
    """Answer why the bucket of the clinic in scope cannot be disconnected now; empty: it can."""
    try:
        bucket = own_bucket()
        has_files = bucket is not None and any(True for _ in _names(bucket))
    except StorageUnavailableError as error:
        return f"Nobody can tell whether files stand in the bucket: {error}"
    if has_files:
        return (
            "Files of patients stand in this bucket. Move them back first, on the page of the file "
            "store; nothing of them is lost that way."
        )
    return ""


def _names(storage: ClinicStorage) -> Iterator[str]:
    for folder in (*FOLDERS, "reports", "takeout", "imports"):
        yield from storage.names_below(folder)


class TwoPlaces:
    """The bucket and the platform's storage as one (`tenants.storage.ClinicStorage`)."""

    def __init__(
        self, bucket: ClinicStorage, platform: ClinicStorage, *, is_left: bool = False
    ) -> None:
        self.bucket, self.platform = bucket, platform
        self._new = platform if is_left else bucket

    def adopt(self, path: Path, name: str, *, media_type: str = "") -> None:
        self._new.adopt(path, name, media_type=media_type)

    def size_or_none(self, name: str) -> int | None:
        try:
            size = self.bucket.size_or_none(name)
        except StorageUnavailableError:
            size = self.platform.size_or_none(name)
            if size is None:
                raise
            return size
        return self.platform.size_or_none(name) if size is None else size

    def stream(self, name: str, *, start: int = 0) -> Stream:
        try:
            return self.bucket.stream(name, start=start)
        except FileNotFoundError:
            return self._beside(name, start)
        except StorageUnavailableError:
            # What never moved is read all the same; of what did, the bucket's own words are told.
            with suppress(FileNotFoundError):
                return self.platform.stream(name, start=start)
            raise

    def _beside(self, name: str, start: int) -> Stream:
        try:
            return self.platform.stream(name, start=start)
        except FileNotFoundError:
            # It may have moved between the two looks.
            return self.bucket.stream(name, start=start)

    def names_below(self, folder: str) -> Iterator[str]:
        seen = set()
        for storage in (self.bucket, self.platform):
            for name in storage.names_below(folder):
                if name not in seen:
                    seen.add(name)
                    yield name

    def delete(self, name: str) -> None:
        self.bucket.delete(name)
        self.platform.delete(name)


class _Away:
    """A bucket that cannot be opened, such as one whose keys are gone."""

    def __init__(self, words: str) -> None:
        self._words = words

    def _fail(self) -> StorageUnavailableError:
        return StorageUnavailableError(self._words)

    def adopt(self, path: Path, name: str, *, media_type: str = "") -> None:  # noqa: ARG002 - the protocol's
        raise self._fail()

    def size_or_none(self, name: str) -> int | None:  # noqa: ARG002
        raise self._fail()

    def stream(self, name: str, *, start: int = 0) -> Stream:  # noqa: ARG002
        raise self._fail()

    def names_below(self, folder: str) -> Iterator[str]:  # noqa: ARG002
        raise self._fail()

    def delete(self, name: str) -> None:  # noqa: ARG002
        raise self._fail()


def places() -> TwoPlaces | None:
    """Answer both places of the clinic in scope, or None where it has no bucket."""
    found = storage_before(platform_storage())
    return found if isinstance(found, TwoPlaces) else None
