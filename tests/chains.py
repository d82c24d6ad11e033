"""
ARC chains made by another implementation (dkimpy), as forwarders make them.

dkimpy reads what a sealer has seen by a package of its own; here that is given to it as it stands.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import dkim as dkimpy
from cryptography.hazmat.primitives import serialization

from app.mail import dkim

SELECTOR = "s1"


@functools.lru_cache
def key() -> dkim.KeyPair:
    """The key of all sealers."""
    return dkim.generate_keys("rsa2048")


def sealed(raw: bytes, domain: str, saw: str) -> bytes:
    """The mail with one more set, whose sealer has seen `saw` and that the chain before passed."""
    with _seeing(domain, saw, "pass" if b"\nARC-Seal:" in b"\n" + raw else "none"):
        lines = dkimpy.arc_sign(
            b"Authentication-Results: x\r\n" + raw,
            SELECTOR.encode(),
            domain.encode(),
            _pkcs1(),
            domain.encode(),
            timestamp="1",
        )
    assert len(lines) == 3
    return b"".join(line.removesuffix(b"\r\n") + b"\r\n" for line in lines) + raw


@contextmanager
def _seeing(domain: str, saw: str, met: str) -> Iterator[None]:
    results = [_Seen(saw, ""), _Seen(f"arc={met}", met)]
    parsed = SimpleNamespace(authserv_id=domain, results=results)
    header = SimpleNamespace(parse=lambda _: parsed)
    fake: Any = SimpleNamespace(
        AuthenticationResultsHeader=header, core=SimpleNamespace(SyntaxError=SyntaxError)
    )
    before = getattr(dkimpy, "authres", None)
    dkimpy.authres = fake
    try:
        yield
    finally:
        dkimpy.authres = before


class _Seen:
    def __init__(self, text: str, arc: str) -> None:
        self._text = text
        self.method, self.result = ("arc" if arc else "other"), arc

    def __str__(self) -> str:
        return self._text


@functools.lru_cache
def _pkcs1() -> bytes:
    loaded = serialization.load_pem_private_key(key().private_pem, None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
