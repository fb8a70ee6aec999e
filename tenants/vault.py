"""Secrets at rest: sealed under a key of the clinic's own, bound to where they belong.

AES-256-GCM. What is sealed opens only in the same clinic, for the same provider and field: those, and
the data key's id, are its associated data. Dropping a clinic's data keys (`shred`) makes everything
sealed for it unreadable for good, in backups of the database made afterwards as well.
"""

from __future__ import annotations

import base64
import binascii
import os
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.ids import uuid7
from tenants.keyring import (
    NONCE_BYTES,
    KeyMissingError,
    KeyWrapper,
    VaultError,
    key_wrapper,
)
from tenants.migrate import OWNER
from tenants.models import DataKey, Tenant
from tenants.scope import current_scope, public_scope, shared_rows, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "FormerKey",
    "KeyMissingError",
    "VaultError",
    "keys_of_clinic",
    "open_sealed",
    "open_sealed_bytes",
    "open_stream",
    "reseals",
    "rewrap",
    "rotate",
    "seal",
    "seal_stream",
    "shred",
    "take_over",
]

_FORM = "nx1"
_KEY_BYTES = 32
_TAG_BYTES = 16
_STREAM_FORM = b"NXS1"
_SALT_BYTES = 32
_STREAM_HEADER = len(_STREAM_FORM) + 16 + _SALT_BYTES
BLOCK_BYTES = 64 * 1024
"""Bytes of content in each block of a sealed stream but the last."""

_NOT_OURS = (
    "A secret does not open: it was changed, or sealed for another clinic, provider or field."
)
_CUT = "A sealed file does not open: it was cut, reordered or changed, or belongs elsewhere."


@dataclass(frozen=True, slots=True)
class _OpenKey:
    id: UUID
    key: bytes
    clinic: int
    """For which it seals."""


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def seal(secret: str | bytes, *, provider: str, field: str) -> str:
    """Seal a secret of the clinic in scope; answers text that may be stored anywhere.

    `provider` and `field` say where it belongs, such as "filemaker" and "password:<row id>"; it opens
    with the same two only. A clinic's first secret makes its data key, in the running transaction.
    """
    content = secret.encode() if isinstance(secret, str) else secret
    found = _current_key()
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(found.key).encrypt(nonce, content, _context(found, provider, field))
    return f"{_FORM}.{found.id.hex}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def open_sealed(sealed: str, *, provider: str, field: str) -> str:
    """Open what `seal` made of text; raises VaultError for anything else than it was."""
    try:
        return open_sealed_bytes(sealed, provider=provider, field=field).decode()
    except UnicodeDecodeError:
        raise VaultError("A sealed secret is not text; open it with open_sealed_bytes.") from None


def open_sealed_bytes(sealed: str, *, provider: str, field: str) -> bytes:
    """Open what `seal` made; raises VaultError."""
    try:
        key_id, _, body = sealed.removeprefix(f"{_FORM}.").partition(".")
        found_id = UUID(hex=key_id)
        content = base64.b64decode(body.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, UnicodeError, binascii.Error):
        raise VaultError("What stands there is not a sealed secret.") from None
    if base64.urlsafe_b64encode(content).decode() != body:  # the last one has bits no byte takes
        raise VaultError(_NOT_OURS)
    found = _key_by_id(found_id)
    nonce, ciphertext = content[:NONCE_BYTES], content[NONCE_BYTES:]
    try:
        return AESGCM(found.key).decrypt(nonce, ciphertext, _context(found, provider, field))
    except (InvalidTag, ValueError):
        raise VaultError(_NOT_OURS) from None


def _context(found: _OpenKey, provider: str, field: str) -> bytes:
    """Build the associated data; lengths stand before the words, so that none can borrow letters."""
    words = (_FORM, found.id.hex, str(found.clinic), provider, field)
    return b"".join(len(word.encode()).to_bytes(4) + word.encode() for word in words)


# ── streams: blocks of 64 KiB, each under a key of the file, numbered, the last one marked ─────────


def seal_stream(chunks: Iterable[bytes], *, provider: str, field: str) -> Iterator[bytes]:
    """Seal a file while it passes. Call inside the clinic's scope; the pieces may be drawn outside."""
    found = _current_key()
    header = _STREAM_FORM + found.id.bytes + os.urandom(_SALT_BYTES)
    return _sealed_blocks(_file_cipher(found, header, provider, field), header, chunks)


def open_stream(chunks: Iterable[bytes], *, provider: str, field: str) -> Iterator[bytes]:
    """Open what `seal_stream` made. Call inside the clinic's scope; draw the pieces anywhere.

    Each piece is verified before it is yielded, but only the end tells that the file is whole: raises
    VaultError there (or before) where blocks are missing, moved, changed or belong elsewhere.
    """
    blocks = _regrouped(chunks)
    header = next(blocks)
    if len(header) != _STREAM_HEADER or not header.startswith(_STREAM_FORM):
        raise VaultError("What stands there is not a sealed file.")
    start = len(_STREAM_FORM)
    found = _key_by_id(UUID(bytes=header[start : start + 16]))
    return _opened_blocks(_file_cipher(found, header, provider, field), header, blocks)


def _file_cipher(found: _OpenKey, header: bytes, provider: str, field: str) -> AESGCM:
    """Derive the key of one file, so that its blocks' nonces can simply count."""
    context = _context(found, provider, field)
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=header, info=context)
    return AESGCM(derived.derive(found.key))


def _block_nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1) + (b"\1" if is_last else b"\0")


def _sealed_blocks(cipher: AESGCM, header: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield header
    held, number = bytearray(), 0
    for chunk in chunks:
        held += chunk
        while len(held) > BLOCK_BYTES:  # what may be the last one is held back
            block = bytes(held[:BLOCK_BYTES])
            del held[:BLOCK_BYTES]
            yield cipher.encrypt(_block_nonce(number, is_last=False), block, header)
            number += 1
    yield cipher.encrypt(_block_nonce(number, is_last=True), bytes(held), header)


def _regrouped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the header, then sealed blocks; the last is the only one that may be short."""
    held, wanted = bytearray(), _STREAM_HEADER
    for chunk in chunks:
        held += chunk
        while len(held) > wanted:
            yield bytes(held[:wanted])
            del held[:wanted]
            wanted = BLOCK_BYTES + _TAG_BYTES
    yield bytes(held)


def _opened_blocks(cipher: AESGCM, header: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    number, block = 0, next(blocks, None)
    while block is not None:
        following = next(blocks, None)
        nonce = _block_nonce(number, is_last=following is None)
        try:
            content = cipher.decrypt(nonce, block, header)
        except (InvalidTag, ValueError):
            raise VaultError(_CUT) from None
        yield content
        number, block = number + 1, following
    if number == 0:
        raise VaultError(_CUT)


# ── data keys ────────────────────────────────────────────────────────────────────────────────────


def _clinic() -> int:
    scope = current_scope()
    if not scope.is_clinic:
        raise VaultError("Secrets belong to a clinic: seal and open them inside tenant_scope().")
    return scope.tenant_id


def _current_key() -> _OpenKey:
    """Answer the clinic's newest data key; its first one is made here."""
    tenant_id = _clinic()
    with shared_rows() as cursor:
        cursor.execute(
            "SELECT id, wrapped, wrapped_by FROM public.tenants_datakey WHERE tenant_id = %s "
            "ORDER BY id DESC LIMIT 1",
            [tenant_id],
        )
        row = cursor.fetchone()
        if row is not None:
            return _unwrapped(tenant_id, *row)
        made = _new_key(tenant_id)
        cursor.execute(
            "INSERT INTO public.tenants_datakey (id, tenant_id, wrapped, wrapped_by, created_at) "
            "VALUES (%s, %s, %s, %s, now())",
            [made.id, tenant_id, bytes(made.wrapped), made.wrapped_by],
        )
    return _unwrapped(tenant_id, made.id, made.wrapped, made.wrapped_by)


def _key_by_id(key_id: UUID) -> _OpenKey:
    tenant_id = _clinic()
    if former := _former.get().get(key_id):
        return _unwrapped(former.clinic, key_id, former.wrapped, former.wrapped_by)
    with shared_rows() as cursor:
        cursor.execute(
            "SELECT id, wrapped, wrapped_by FROM public.tenants_datakey "
            "WHERE tenant_id = %s AND id = %s",
            [tenant_id, key_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise KeyMissingError(
            "This clinic has no key for a secret that stands here: the secret is another clinic's, "
            "or the clinic's keys were dropped. It must be entered anew."
        )
    return _unwrapped(tenant_id, *row)


def _new_key(tenant_id: int) -> DataKey:
    wrapper, key_id = key_wrapper(), uuid7()
    context = _key_context(tenant_id, key_id)
    wrapped = wrapper.wrap(os.urandom(_KEY_BYTES), context=context)
    return DataKey(id=key_id, tenant_id=tenant_id, wrapped=wrapped, wrapped_by=wrapper.current)


def _key_context(tenant_id: int, key_id: UUID) -> str:
    return f"{tenant_id}\n{key_id.hex}"


def _unwrapped(
    tenant_id: int, key_id: UUID, wrapped: bytes | memoryview, wrapped_by: str
) -> _OpenKey:
    key = _unwrap_once(tenant_id, key_id, bytes(wrapped), wrapped_by)
    return _OpenKey(key_id, key, tenant_id)


@lru_cache(maxsize=256)
def _unwrap_once(tenant_id: int, key_id: UUID, wrapped: bytes, wrapped_by: str) -> bytes:
    """Unwrap, and remember by what stands in the row: a dropped row is never asked for again."""
    context = _key_context(tenant_id, key_id)
    return key_wrapper().unwrap(wrapped, wrapped_by=wrapped_by, context=context)


# ── keeping the keys: needs the owner's connection ──────────────────────────────────────────────────

_resealers: list[Callable[[], int]] = []


def reseals(function: Callable[[], int]) -> Callable[[], int]:
    """Register what seals an app's stored secrets anew in the clinic in scope and counts them."""
    _resealers.append(function)
    return function


def rewrap(wrapper: KeyWrapper | None = None) -> int:
    """Wrap every data key that is not under the current key anew; answers how many there were."""
    wrapper = wrapper or key_wrapper()
    with public_scope(using=OWNER):
        stale = list(DataKey.objects.exclude(wrapped_by=wrapper.current).select_for_update())
        for row in stale:
            context = _key_context(row.tenant_id, row.id)
            key = wrapper.unwrap(bytes(row.wrapped), wrapped_by=row.wrapped_by, context=context)
            row.wrapped = wrapper.wrap(key, context=context)
            row.wrapped_by = wrapper.current
            row.save(update_fields=["wrapped", "wrapped_by"])
    return len(stale)


def rotate(tenant: Tenant) -> int:
    """Give a clinic a new data key and seal its stored secrets with it; answers how many.

    The earlier keys stay: sealed files, and rows restored from a backup, still open.
    """
    with public_scope(using=OWNER):
        _new_key(tenant.pk).save(force_insert=True)
    with tenant_scope(tenant):
        return sum(reseal() for reseal in _resealers)


@dataclass(frozen=True)
class FormerKey:
    """A wrapped data key of the clinic that another was restored from."""

    id: UUID
    clinic: int
    wrapped: bytes
    wrapped_by: str


_former: ContextVar[Mapping[UUID, FormerKey]] = ContextVar("nexus_former_keys", default={})  # noqa: B039 - never changed


def keys_of_clinic() -> list[FormerKey]:
    """Answer the data keys of the clinic in scope as they stand, wrapped, for a copy of it."""
    with shared_rows() as cursor:
        cursor.execute(
            "SELECT id, tenant_id, wrapped, wrapped_by FROM public.tenants_datakey "
            "WHERE tenant_id = %s ORDER BY id",
            [_clinic()],
        )
        rows = cursor.fetchall()
    return [FormerKey(pk, clinic, bytes(wrapped), by) for pk, clinic, wrapped, by in rows]


def take_over(keys: Iterable[FormerKey]) -> int:
    """Seal what a restored clinic brought along with a key of its own; answers how much there was.

    Needs the clinic's scope. What is sealed with its own key already stays as it is, but for the key.
    """
    token = _former.set({key.id: key for key in keys})
    try:
        return sum(reseal() for reseal in _resealers)
    finally:
        _former.reset(token)


def shred(tenant: Tenant) -> int:
    """Drop a clinic's data keys: nothing sealed for it opens again. Answers how many there were."""
    with public_scope(using=OWNER):
        dropped, _ = DataKey.objects.filter(tenant_id=tenant.pk).delete()
    return dropped
