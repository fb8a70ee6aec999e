"""The keys that wrap data keys: a ring in the environment, or a key management service.

A data key never leaves this process unwrapped; the wrapping key never enters the database. Whoever
holds a dump without the ring holds nothing.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

NONCE_BYTES = 12


class VaultError(RuntimeError):
    """A secret cannot be sealed or opened; the message says why and never quotes it."""


class KeyMissingError(VaultError):
    """The key that is needed is not (or no longer) there."""


class KeyWrapper(Protocol):
    """What turns a data key into something that may be stored, and back."""

    @property
    def current(self) -> str:
        """The id of the key that wraps from now on."""

    def wrap(self, key: bytes, *, context: str) -> bytes:
        """Wrap a data key under the current key, bound to `context`."""

    def unwrap(self, wrapped: bytes, *, wrapped_by: str, context: str) -> bytes:
        """Undo `wrap`; raises VaultError where key, context or bytes are not the ones it had."""


class LocalKeyRing:
    """Keys by id, from `NEXUS_KEYS`; the first wraps, all of them unwrap."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise KeyMissingError(
                "There is no key to keep secrets with. Set NEXUS_KEYS to ID:BASE64 with 32 random "
                "bytes (docs/operations.md shows how to make one); the embedded stack makes its own."
            )
        self._keys = dict(keys)

    @property
    def current(self) -> str:
        return next(iter(self._keys))

    def wrap(self, key: bytes, *, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        sealer = AESGCM(self._keys[self.current])
        return nonce + sealer.encrypt(nonce, key, _bound(self.current, context))

    def unwrap(self, wrapped: bytes, *, wrapped_by: str, context: str) -> bytes:
        if wrapped_by not in self._keys:
            raise KeyMissingError(
                f'A secret was sealed under the key "{wrapped_by}", which NEXUS_KEYS does not name. '
                "Put that key back (after the current one) until `nexus vault rewrap` has run."
            )
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return AESGCM(self._keys[wrapped_by]).decrypt(
                nonce, sealed, _bound(wrapped_by, context)
            )
        except (InvalidTag, ValueError):
            raise VaultError(
                f'A data key does not open with the key "{wrapped_by}": either NEXUS_KEYS holds '
                "another key under that id, or the row was changed or belongs to another clinic."
            ) from None


def _bound(key_id: str, context: str) -> bytes:
    return f"nexus data key\n{key_id}\n{context}".encode()


class Succession:
    """Wraps by the first and unwraps by whichever wrapped: a ring on its way into a service, say."""

    def __init__(self, first: KeyWrapper, *, ring: KeyWrapper, service: KeyWrapper) -> None:
        self._first, self._ring, self._service = first, ring, service

    @property
    def current(self) -> str:
        return self._first.current

    def wrap(self, key: bytes, *, context: str) -> bytes:
        return self._first.wrap(key, context=context)

    def unwrap(self, wrapped: bytes, *, wrapped_by: str, context: str) -> bytes:
        found = self._service if wrapped_by.startswith("kms:") else self._ring
        return found.unwrap(wrapped, wrapped_by=wrapped_by, context=context)


def key_wrapper() -> KeyWrapper:
    """Answer what the settings name: a service's key before the ring, where there is one."""
    if not settings.VAULT_KMS_KEY:
        return LocalKeyRing(settings.VAULT_KEYS)
    service = _service(settings.VAULT_KMS_KEY)
    if not settings.VAULT_KEYS:
        return service
    return Succession(service, ring=LocalKeyRing(settings.VAULT_KEYS), service=service)


@cache
def _service(key: str) -> KeyWrapper:
    from tenants.kms import KmsWrapper

    return KmsWrapper(key)
