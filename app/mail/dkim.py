"""
DKIM signatures (RFC 6376): relaxed/relaxed, rsa-sha256 and ed25519-sha256 (RFC 8463), no `l=`.

Also the keys for them: their DNS records, and how they are kept encrypted. Only here is chance
used in this package: `generate_keys` makes a key. Deliberately not here: verifying the signatures
of others (`dkim_signatures`), and the DNS.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import Unavailable
from app.mail.alignment import ascii_domain

# What a reader sees or a client acts on (RFC 6376 5.4.1).
SIGNED = tuple(
    "From Reply-To To Cc Subject Date Message-ID In-Reply-To References MIME-Version Content-Type "
    "Auto-Submitted".split()
)
# Named once more than they stand, so that nobody can add another one (RFC 6376 8.15).
# Not those that honest forwarders add, such as Reply-To.
OVERSIGNED = frozenset(("from", "to", "subject", "date", "message-id", "content-type"))

_NAME = re.compile(
    r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_BLANKS = re.compile(rb"[ \t]+")
_TXT_STRING = 255  # octets of one character-string, RFC 1035 3.3
_LINE = 72
_KEPT = "siv1."

_PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key (PKCS #8, PEM) and the value of the TXT record at `selector._domainkey`."""

    private_pem: bytes = field(repr=False)
    public_txt: str


def generate_keys(kind: Literal["rsa2048", "ed25519"] = "rsa2048") -> KeyPair:
    """A new key. RSA takes about a tenth of a second: not on the event loop."""
    key: _PrivateKey
    if kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(pem, public_txt(pem))


def public_txt(private_pem: bytes) -> str:
    """The key record that belongs to a private key (RFC 6376 3.6.1, RFC 8463 4)."""
    key = _loaded(private_pem)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return f"v=DKIM1; k=ed25519; p={_base64(key.public_key().public_bytes_raw())}"
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; p={_base64(der)}"


def txt_strings(value: str) -> tuple[str, ...]:
    """A TXT value cut into character-strings of at most 255 octets, as zone files want it."""
    return tuple(value[at : at + _TXT_STRING] for at in range(0, len(value), _TXT_STRING))


def sign(
    raw: bytes,
    *,
    domain: str,
    selector: str,
    private_key: bytes,
    signed_at: datetime | None = None,
    headers: tuple[str, ...] = SIGNED,
    body_hash: str = "",
) -> bytes:
    """
    The mail with a DKIM-Signature before it; `raw` are exactly the octets that will be sent.

    Those of `headers` that the mail has are signed, each occurrence; From always. Signing again
    with another key adds a second signature; `body_hash`, if it is known, is that of
    `relaxed_body_hash`. ValueError: bare CR or LF, no From, or names that
    are none: all of them our own mistakes.
    """
    domain, selector = ascii_domain(domain), selector.lower()
    if not _NAME.fullmatch(domain) or not _NAME.fullmatch(selector):
        raise ValueError("not a domain or selector")
    if not raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n"):
        raise ValueError("line ends are CRLF")
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = _fields_to_sign(head, ("From", *headers))
    key = _loaded(private_key)
    algorithm = "rsa-sha256" if isinstance(key, rsa.RSAPrivateKey) else "ed25519-sha256"
    moment = f" t={int(signed_at.timestamp())};" if signed_at else ""
    names = _folded([f"{name}:" for name, _ in fields[:-1]] + [f"{fields[-1][0]};"])
    unsigned = (
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;{moment}\r\n"
        f"\td={domain};\r\n\ts={selector};\r\n"
        f"\th={names}\r\n\tbh={body_hash or relaxed_body_hash(body)};\r\n\tb="
    ).encode("ascii")
    signed = [relaxed_field(value) + b"\r\n" for _, value in fields if value] + [
        relaxed_field(unsigned)
    ]
    signature = _base64(_signature(key, b"".join(signed)))
    lines = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
    return unsigned + "\r\n\t".join(lines).encode("ascii") + b"\r\n" + raw


def encrypt_key(secret: bytes, pem: bytes, *, about: str = "") -> str:
    """
    A private key as it is kept (AES-SIV, RFC 5297, which needs no nonce).

    `about` says whose key it is, such as domain and selector: it can be decrypted for that only.
    """
    sealed = _cipher(secret).encrypt(pem, [about.encode()])
    return _KEPT + base64.urlsafe_b64encode(sealed).decode("ascii")


def decrypt_key(secret: bytes, kept: str, *, about: str = "") -> bytes:
    """The private key again. Unavailable when it was kept under another secret."""
    try:
        sealed = base64.urlsafe_b64decode(kept.removeprefix(_KEPT))
        return _cipher(secret).decrypt(sealed, [about.encode()])
    except (InvalidTag, ValueError) as fault:
        raise Unavailable(
            "The DKIM key cannot be read with the secret key of this installation.",
            "dkim.key_unreadable",
        ) from fault


def _fields_to_sign(head: bytes, wanted: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Name and field of everything that `h=` lists; repeated fields from the bottom up (5.4.2)."""
    present: dict[str, list[bytes]] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name = line.partition(b":")[0].rstrip(b" \t").lower().decode("latin-1")
        present.setdefault(name, []).append(line)
    if "from" not in present:
        raise ValueError("a mail without From cannot be signed")
    fields: list[tuple[str, bytes]] = []
    for name in dict.fromkeys(one.lower() for one in wanted):
        fields += [(name, value) for value in reversed(present.get(name, ()))]
        if name in OVERSIGNED:
            fields.append((name, b""))
    return fields


def relaxed_field(field: bytes) -> bytes:
    """A field in relaxed form (RFC 6376 3.4.2), without the line end."""
    name, _, value = field.partition(b":")
    unfolded = _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.rstrip(b" \t").lower() + b":" + unfolded


def before_empty_lines(body: bytes, end: int) -> int:
    """Where the empty lines before `end` begin, the line end of the last line included."""
    for lines in (4096, 1):  # a mail may be nothing else
        empty = b"\r\n" * lines
        while body.endswith(empty, 0, end):
            end -= len(empty)
    return end


def relaxed_body_hash(body: bytes) -> str:
    """The SHA-256 of the body in relaxed form, as base64 (RFC 6376 3.4.4, 3.7)."""
    plain = body.replace(b"\t", b" ")
    while b"  " in plain:  # each time half as many: quicker than an expression
        plain = plain.replace(b"  ", b" ")
    plain = plain.replace(b" \r\n", b"\r\n")
    end = len(plain.removesuffix(b" ")) if not plain.endswith(b"\r\n") else len(plain)
    end = before_empty_lines(plain, end)
    digest = hashlib.sha256(plain[:end])
    if end:
        digest.update(b"\r\n")
    return _base64(digest.digest())


def _signature(key: _PrivateKey, signed: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(hashlib.sha256(signed).digest())  # RFC 8463 3: the hash is what is signed


def _folded(words: list[str]) -> str:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] += word
    return "\r\n\t ".join(lines)


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


@lru_cache(maxsize=512)
def _loaded(pem: bytes) -> _PrivateKey:
    """Keys are checked when they are made; checking them again costs more than signing."""
    key = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("neither an RSA nor an Ed25519 key")
    return key


@lru_cache(maxsize=8)
def _cipher(secret: bytes) -> AESSIV:
    kdf = HKDF(hashes.SHA256(), length=64, salt=None, info=b"hosted-inbox dkim keys at rest")
    return AESSIV(kdf.derive(secret))
