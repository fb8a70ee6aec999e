"""What a push service carries, sealed for one browser (RFC 8291), and our signature (RFC 8292)."""

from __future__ import annotations

import base64
import json
import os
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
POINT_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16
RECORD_SIZE = 4096
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class KeyMaterialError(ValueError):
    """A browser's key is none; the message is for a person."""


def plain(encoded: str) -> bytes:
    """Read base64url with or without its padding; raises KeyMaterialError."""
    try:
        return base64.b64decode(
            encoded.rstrip("=").translate(str.maketrans("-_", "+/")) + "=" * (-len(encoded) % 4),
            validate=True,
        )
    except ValueError as error:
        raise KeyMaterialError("The browser's key cannot be read.") from error


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def browsers_key(public_key: str) -> ec.EllipticCurvePublicKey:
    """Read a browser's public key; raises KeyMaterialError for what is no point of the curve."""
    point = plain(public_key)
    try:
        if len(point) != POINT_BYTES:
            raise ValueError  # noqa: TRY301 - the same answer as for a point beside the curve
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError as error:
        raise KeyMaterialError("The browser's key is none of the kind used for pushes.") from error


def browsers_secret(auth_secret: str) -> bytes:
    """Read a browser's secret; raises KeyMaterialError where it has not 16 bytes."""
    secret = plain(auth_secret)
    if len(secret) != AUTH_BYTES:
        raise KeyMaterialError("The browser's secret has not the length it must have.")
    return secret


def sealed(
    message: bytes,
    *,
    public_key: str,
    auth_secret: str,
    salt: bytes | None = None,
    ours: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Answer the body of a push: one record of `aes128gcm` that only the browser can open.

    `salt` and `ours` are given by tests only; each message has its own.
    """
    theirs, auth = browsers_key(public_key), browsers_secret(auth_secret)
    salt = salt or os.urandom(SALT_BYTES)
    ours = ours or ec.generate_private_key(CURVE)
    their_point = theirs.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    our_point = public_point(ours)
    shared = ours.exchange(ec.ECDH(), theirs)
    key, nonce = content_keys(
        shared, auth=auth, salt=salt, info=b"WebPush: info\0" + their_point + our_point
    )
    header = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(our_point)]) + our_point
    return header + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def content_keys(shared: bytes, *, auth: bytes, salt: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Answer the key and the nonce of the record (RFC 8291, section 3.4)."""
    secret = HKDF(SHA256(), 32, salt=auth, info=info).derive(shared)
    return (
        HKDF(SHA256(), 16, salt=salt, info=b"Content-Encoding: aes128gcm\0").derive(secret),
        HKDF(SHA256(), 12, salt=salt, info=b"Content-Encoding: nonce\0").derive(secret),
    )


@cache
def signing_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """Make the installation's key from its 32 secret bytes, the same each time."""
    number = int.from_bytes(plain(secret), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, CURVE)


def signature(key: ec.EllipticCurvePrivateKey, *, audience: str, contact: str, until: int) -> str:
    """Answer the Authorization header that tells a push service who sends."""
    head = encoded(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
    claims = encoded(json.dumps({"aud": audience, "exp": until, "sub": contact}).encode())
    signed = f"{head}.{claims}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={encoded(public_point(key))}"
