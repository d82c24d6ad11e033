"""Secrets that we have to read again, encrypted at rest under the installation's SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from app.errors import Unavailable


def seal(secret: bytes, plain: bytes, *, about: str) -> str:
    """The octets encrypted (AES-SIV, RFC 5297); they open for the same `about` only."""
    return base64.urlsafe_b64encode(_cipher(secret).encrypt(plain, [about.encode()])).decode()


def unseal(secret: bytes, sealed: str, *, about: str) -> bytes:
    """The octets again. Unavailable when they were sealed under another secret."""
    try:
        return _cipher(secret).decrypt(base64.urlsafe_b64decode(sealed), [about.encode()])
    except (InvalidTag, ValueError) as fault:
        raise Unavailable(
            "This cannot be read with the secret key of this installation.", "sealing.unreadable"
        ) from fault


def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(hashlib.sha512(b"sealed\n" + secret).digest())
