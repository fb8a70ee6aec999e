"""How a backup is encrypted while it is written: for age recipients, or under the platform's key.

With `NEXUS_BACKUP_RECIPIENTS` it is an age file (https://age-encryption.org/v1): only who holds a private
key opens it, and none is on the server. Without, a key of the backup's own seals it, wrapped by the ring
(`NEXUS_KEYS`) or the key management service (`NEXUS_KMS_KEY`): AES-256-GCM in blocks of 64 KiB, numbered,
the last one marked. The wrapped key stands in the file's head, so the database is not needed to open it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from onboarding.backups.errors import BackupError, CannotOpenError
from onboarding.backups.piping import pulled_from
from tenants.keyring import KeyWrapper, VaultError, key_wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onboarding.backups.piping import Reader, Writer

AGE = b"age-encryption.org/v1"
FORM = b"NXB1"
BLOCK = 64 * 1024
TAG = 16
CONTEXT = "backup"
MOST_HEAD = 16 * 1024


class Sealer(Protocol):
    """What encrypts one backup."""

    @property
    def ending(self) -> str:
        """The ending of its file's name."""

    @property
    def sealed_for(self) -> list[str]:
        """Who can open it, by fingerprint."""

    def seal(self, source: Reader, target: Writer) -> None:
        """Encrypt everything that `source` has into `target`."""


@dataclass(frozen=True)
class AgeSealer:
    """For people's public keys; their private ones are not here."""

    recipients: tuple[pyrage.x25519.Recipient, ...]
    ending: str = ".age"

    @property
    def sealed_for(self) -> list[str]:
        return [f"age {fingerprint(str(recipient))}" for recipient in self.recipients]

    def seal(self, source: Reader, target: Writer) -> None:
        remembering = _Remembering(target)
        try:
            pyrage.encrypt_io(source, remembering, list(self.recipients))
        except Exception:
            if remembering.error is not None:  # what the store said, not that writing has failed
                raise remembering.error from None
            raise


@dataclass(frozen=True)
class KeySealer:
    """Under a key of its own, wrapped by the platform's ring or key service."""

    wrapper: KeyWrapper
    ending: str = ".nxb"

    @property
    def sealed_for(self) -> list[str]:
        return [f"key {self.wrapper.current}"]

    def seal(self, source: Reader, target: Writer) -> None:
        key = os.urandom(32)
        head = json.dumps(
            {
                "wrapped_by": self.wrapper.current,
                "wrapped": base64.b64encode(self.wrapper.wrap(key, context=CONTEXT)).decode(),
            }
        ).encode()
        target.write(FORM + len(head).to_bytes(4) + head)
        cipher, number, block = AESGCM(key), 0, _filled(source, BLOCK)
        while True:
            following = _filled(source, BLOCK) if len(block) == BLOCK else b""
            is_last = not following
            target.write(cipher.encrypt(_nonce(number, is_last=is_last), block, head))
            if is_last:
                return
            number, block = number + 1, following


def fingerprint(public_key: str) -> str:
    """Name a public key shortly: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key.encode()).hexdigest()[:16]


def sealer(*, also_for: Sequence[pyrage.x25519.Recipient] = ()) -> Sealer:
    """Answer what the settings say; raises BackupError where nobody could open the backup later.

    `also_for` adds recipients to an age file, such as a drill's own that lives as long as it does.
    """
    if settings.BACKUP_RECIPIENTS:
        named = tuple(recipient_of(text) for text in settings.BACKUP_RECIPIENTS)
        return AgeSealer((*named, *also_for))
    try:
        return KeySealer(key_wrapper())
    except VaultError as error:
        raise BackupError(
            "Nothing is set to encrypt backups with: name age public keys in "
            "NEXUS_BACKUP_RECIPIENTS (`nexus backup keygen` makes a pair), or a key in NEXUS_KEYS or "
            "NEXUS_KMS_KEY."
        ) from error


def recipient_of(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        raise BackupError(
            f"NEXUS_BACKUP_RECIPIENTS: {text[:12]}… is no age public key; they look like age1…"
        ) from error


def identities_in(text: str) -> list[pyrage.x25519.Identity]:
    """Read the private keys of a key file as age writes it: comments, and a key a line."""
    found = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(pyrage.x25519.Identity.from_str(line.strip()))
            except pyrage.IdentityError as error:
                raise CannotOpenError(
                    "The key file holds a line that is no age private key (AGE-SECRET-KEY-1…)."
                ) from error
    if not found:
        raise CannotOpenError("The key file holds no age private key (AGE-SECRET-KEY-1…).")
    return found


@contextmanager
def opened(
    source: IO[bytes] | Reader, *, identities: Sequence[pyrage.x25519.Identity] = ()
) -> Iterator[Reader]:
    """Answer a reader of what was sealed; raises CannotOpenError, at the latest where it ends."""
    start = _filled(source, len(AGE))
    whole = _Rejoined(start, source)
    if start.startswith(AGE):
        if not identities:
            raise CannotOpenError(
                "This backup is sealed with age: name the file with the private key (--identity)."
            )
        with pulled_from(lambda writer: _open_age(whole, writer, identities)) as reader:
            yield reader
    elif start.startswith(FORM):
        with pulled_from(lambda writer: _open_key(whole, writer)) as reader:
            yield reader
    else:
        raise CannotOpenError("This is no backup of Nexus: it begins with something else.")


def can_be_opened_here() -> bool:
    """Whether this server itself can open what it writes: not where it is sealed for people."""
    return not settings.BACKUP_RECIPIENTS


_DAMAGED = "The backup does not open: it was cut short or changed, or its key is another one."


def _open_age(source: Reader, target: Writer, identities: Sequence[pyrage.x25519.Identity]) -> None:
    try:
        pyrage.decrypt_io(source, target, list(identities))
    except BrokenPipeError:
        raise
    except (pyrage.DecryptError, OSError) as error:
        raise CannotOpenError(_DAMAGED) from error


def _open_key(source: Reader, target: Writer) -> None:
    if _filled(source, len(FORM)) != FORM:
        raise CannotOpenError(_DAMAGED)
    length = int.from_bytes(_filled(source, 4))
    if not 0 < length <= MOST_HEAD:
        raise CannotOpenError(_DAMAGED)
    head = _filled(source, length)
    try:
        said = json.loads(head)
        wrapped, wrapped_by = base64.b64decode(said["wrapped"]), str(said["wrapped_by"])
        key = key_wrapper().unwrap(wrapped, wrapped_by=wrapped_by, context=CONTEXT)
    except VaultError as error:
        raise CannotOpenError(f"The key of this backup does not open: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotOpenError(_DAMAGED) from error
    cipher, number, block = AESGCM(key), 0, _filled(source, BLOCK + TAG)
    while True:
        following = _filled(source, BLOCK + TAG) if len(block) == BLOCK + TAG else b""
        is_last = not following
        try:
            content = cipher.decrypt(_nonce(number, is_last=is_last), block, head)
        except (InvalidTag, ValueError):
            raise CannotOpenError(_DAMAGED) from None
        target.write(content)
        if is_last:
            return
        number, block = number + 1, following


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def _filled(source: Reader, size: int) -> bytes:
    """Read exactly so much, or what is left."""
    parts, missing = [], size
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Remembering:
    """A target that keeps its own error, which age's library tells of in other words."""

    def __init__(self, target: Writer) -> None:
        self._target = target
        self.error: Exception | None = None

    def write(self, data: bytes, /) -> int:
        try:
            return self._target.write(data)
        except Exception as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._target.flush()


class _Rejoined:
    """A source with the bytes in front that were read to look at it."""

    def __init__(self, start: bytes, rest: Reader) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int = -1, /) -> bytes:
        if not self._start:
            return self._rest.read(size)
        taken = self._start if size < 0 else self._start[:size]
        self._start = self._start[len(taken) :]
        return taken if size >= 0 else taken + self._rest.read()
