"""A clinic's own bucket, opened from its connection; what may be connected to is looked at first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ports.addresses import HostUnknownError, NetworkPolicy, PrivateHostError, resolve
from ports.outcomes import BrokenConnectionError, RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenants.object_storage import ScopedS3Storage

_HTTPS = 443


@dataclass(frozen=True)
class Place:
    """What names a bucket and lets us in."""

    bucket: str
    prefix: str
    region: str
    endpoint: str
    kms: str
    key_id: str
    secret: str

    @classmethod
    def of(cls, options: Mapping[str, Any], secrets: Mapping[str, str]) -> Place:
        """Read it from a connection's settings and secrets."""
        return cls(
            bucket=str(options["bucket"]),
            prefix=str(options.get("folder") or ""),
            region=str(options["region"]),
            endpoint=str(options.get("endpoint") or ""),
            kms=str(options.get("kms_key") or ""),
            key_id=str(options["key_id"]),
            secret=secrets.get("secret_key", ""),
        )

    def __repr__(self) -> str:
        return f"Place({self.words})"

    @property
    def words(self) -> str:
        """Name it to people."""
        where = f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket
        return f"{where} at {urlsplit(self.endpoint).hostname}" if self.endpoint else where

    @property
    def external_id(self) -> str:
        """Name it so that two clinics cannot have the same."""
        return f"{self.endpoint or self.region}/{self.bucket}/{self.prefix}"


def storage_of(place: Place, policy: NetworkPolicy) -> ScopedS3Storage:
    """Answer the bucket as a storage; raises BrokenConnectionError, RetryLaterError.

    A store that is not Amazon's must have a public address, or stand in a network that the operators
    have opened to the clinic; only there it may do without TLS.
    """
    if place.endpoint:
        _check_endpoint(place.endpoint, policy)
    return _opened(place)


def _check_endpoint(endpoint: str, policy: NetworkPolicy) -> None:
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port or _HTTPS
    try:
        found = resolve(host, port, policy)
    except HostUnknownError:
        raise RetryLaterError(f"No file store is known by the name {host} now.") from None
    except PrivateHostError:
        raise BrokenConnectionError(
            f"{host} leads into a private network, which Nexus does not connect to."
        ) from None
    is_outside = all(NetworkPolicy().permits(address) for address in found)
    if is_outside and (parts.scheme != "https" or port != _HTTPS):
        raise BrokenConnectionError("A file store is reached by https on port 443 only.")


@lru_cache(maxsize=64)
def _opened(place: Place) -> ScopedS3Storage:
    from tenants.object_storage import ScopedS3Storage  # brings boto3, which few clinics need

    return ScopedS3Storage(
        bucket=place.bucket,
        prefix=place.prefix,
        region=place.region,
        endpoint=place.endpoint,
        kms=place.kms,
        access=(place.key_id, place.secret),
    )
