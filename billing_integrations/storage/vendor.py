"""A bucket as the Integrations page offers it: connected only once a probe went in and out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from billing_integrations.storage.bucket import Place, storage_of
from billing_integrations.storage.forms import BucketForm
from billing_integrations.storage.places import keeps_because
from connections import http
from connections.providers import Account, Limits, Provider, Trade, provider
from ports.outcomes import BrokenConnectionError, DeliveryError, RetryLaterError
from tenants.ids import uuid7
from tenants.models import Tenant
from tenants.networks import network_policy
from tenants.scope import public_scope, tenant_scope
from tenants.storage import StorageUnavailableError

if TYPE_CHECKING:
    from connections.opened import OpenConnection
    from tenants.object_storage import ScopedS3Storage

KEY = "s3"
SIGNED_SECONDS = 60
_WORDS = {
    "InvalidAccessKeyId": "The store does not know this access key.",
    "SignatureDoesNotMatch": "The secret key does not belong to this access key.",
    "NoSuchBucket": "There is no bucket of this name, or not in this region.",
    "AccessDenied": "The access key may not {doing} in this bucket. Allow it there.",
    "PermanentRedirect": "The bucket lies in another region.",
    "AuthorizationHeaderMalformed": "The bucket lies in another region.",
}


class BucketConnecting:
    """What a bucket does for the connection itself (`connections.providers.Adapter`)."""

    def accounts(self, opened: OpenConnection) -> list[Account]:
        """Try the bucket out, and answer it."""
        place = Place.of(opened.options, opened.secrets)
        _probe(opened, place)
        return [Account(place.external_id, place.words)]

    def check(self, opened: OpenConnection) -> str:
        """Write, read, sign and delete a probe; nothing else is touched."""
        place = Place.of(opened.options, opened.secrets)
        encryption = _probe(opened, place)
        said = f" It is encrypted there ({encryption})." if encryption else ""
        return f"A probe was written, read, signed and deleted in {place.words}.{said}"

    def revoke(self, opened: OpenConnection) -> None:
        """Nothing is kept at the store that could be given back: the key is forgotten here."""


def _probe(opened: OpenConnection, place: Place) -> str:
    """Let a probe go in and out of the bucket; answers how the store encrypts it."""
    with public_scope():
        tenant = Tenant.objects.get(pk=opened.clinic)
    storage = storage_of(place, network_policy(tenant))
    name, content = f"probe/{uuid7().hex}.txt", os.urandom(32).hex().encode()
    doing = "write"
    try:
        with tenant_scope(tenant):
            _write(storage, name, content)
            doing = "read"
            if storage.stream(name).read() != content:
                raise BrokenConnectionError("The store gave back something else than was written.")
            encryption, key = storage.encryption_of(name)
            if place.kms and encryption != "aws:kms":
                raise BrokenConnectionError("The store does not encrypt with the KMS key.")
            doing = "list"
            if name not in set(storage.names_below("probe")):
                raise BrokenConnectionError("The store does not list what was written.")
            signed = storage.signed_url(name, seconds=SIGNED_SECONDS)
        doing = "sign for reading"
        _fetch(signed, content)
        doing = "delete"
        with tenant_scope(tenant):
            storage.delete(name)
            if storage.size_or_none(name) is not None:
                raise BrokenConnectionError("The store does not delete what was written.")
    except FileNotFoundError:
        raise BrokenConnectionError("The store does not find what was written.") from None
    except StorageUnavailableError as error:
        raise _said(error, doing) from error
    return f"{encryption}, {key.rpartition('/')[2]}" if key else encryption


def _write(storage: ScopedS3Storage, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="nexus-probe-") as folder:
        path = Path(folder) / "probe"
        path.write_bytes(content)
        storage.adopt(path, name, media_type="text/plain")


def _fetch(signed: str, content: bytes) -> None:
    """Read by a signed address, as somebody without a key does."""
    parts = urlsplit(signed)
    origin = f"{parts.scheme}://{parts.netloc}"
    with http.client(provider=provider(KEY), base_url=origin) as client:
        answer = client.get(signed)
    if not answer.is_success or answer.content != content:
        raise BrokenConnectionError(
            f"An address that was signed with these keys does not work ({answer.status_code})."
        )


def _said(error: StorageUnavailableError, doing: str) -> DeliveryError:
    if not error.code:
        return RetryLaterError("The store did not answer. Check its address, or try again later.")
    words = _WORDS.get(error.code, f"The store refused to {{doing}} ({error.code}).")
    return BrokenConnectionError(words.format(doing=doing))


def bucket() -> Provider:
    """Describe it."""
    return Provider(
        key=KEY,
        name="Own file store (S3)",
        trade=Trade.STORAGE,
        icon="database",
        summary="Documents and images of patients are kept in the practice's own bucket, under its "
        "own key, at Amazon or any store that speaks S3.",
        adapter=BucketConnecting(),
        limits=Limits(at_once=8),
        form=BucketForm,
        secret_fields=frozenset({"secret_key"}),
        settings_url="clinic_storage:settings",
        order=40,
        keeps_because=keeps_because,
    )
