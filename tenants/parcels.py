"""A parcel: bytes that travel with a clinic through other hands, and that only this platform opens.

AES-256-GCM under a key of its own, which is wrapped as data keys are (`tenants.keyring`): elsewhere,
and without the ring or the key service, a parcel is opaque. It opens for the context it was sealed for.
"""

from __future__ import annotations

import base64
import binascii
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.keyring import NONCE_BYTES, VaultError, key_wrapper

_FORM = "nexus-parcel-1"
_KEY_BYTES = 32


def seal_parcel(content: bytes, *, context: str) -> bytes:
    """Seal bytes for this platform; raises KeyMissingError where it has no key to wrap with."""
    wrapper, key, nonce = key_wrapper(), os.urandom(_KEY_BYTES), os.urandom(NONCE_BYTES)
    header = json.dumps(
        {
            "form": _FORM,
            "wrapped_by": wrapper.current,
            "wrapped": base64.b64encode(wrapper.wrap(key, context=_bound(context))).decode(),
            "nonce": base64.b64encode(nonce).decode(),
        }
    ).encode()
    return header + b"\n" + AESGCM(key).encrypt(nonce, content, header)


def open_parcel(parcel: bytes, *, context: str) -> bytes:
    """Open what `seal_parcel` made; raises VaultError for anything else, or without its key."""
    header, _, sealed = parcel.partition(b"\n")
    try:
        said = json.loads(header)
        if said["form"] != _FORM:
            raise VaultError("The sealed part is of a form that this version does not know.")
        wrapped, nonce = (base64.b64decode(said[name]) for name in ("wrapped", "nonce"))
        key = key_wrapper().unwrap(
            wrapped, wrapped_by=str(said["wrapped_by"]), context=_bound(context)
        )
        return AESGCM(key).decrypt(nonce, sealed, header)
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidTag):
        raise VaultError(
            "The sealed part does not open: it was changed, or belongs to another archive."
        ) from None


def _bound(context: str) -> str:
    return f"parcel\n{context}"
