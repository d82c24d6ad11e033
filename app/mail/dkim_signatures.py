"""
The DKIM signatures of others: read out of a header block, and verified (RFC 6376 3.5, 6.1).

Stricter than the standard where forwarded mail is at stake: rsa-sha1 and short keys never pass
(RFC 8301), and what a body length (`l=`) leaves open is not accepted. Deliberately not here: the
DNS; key records are handed in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from app.mail.alignment import ascii_domain
from app.mail.dkim import before_empty_lines, relaxed_body_hash, relaxed_field

PASS, FAIL, TEMPERROR, PERMERROR = "pass", "fail", "temperror", "permerror"
POLICY = "policy"  # it may be right, but we do not take it (RFC 8601 2.7.1)

ALGORITHMS = ("rsa-sha256", "ed25519-sha256")
LONGEST = 8192  # octets of a DKIM-Signature field
_MOST_SIGNED = 200  # names in h=
_KEY_BITS = range(1024, 8193)
_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,126}")
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_BLANKS = re.compile(r"[ \t\r\n]+")
_B_VALUE = re.compile(rb"(^|;)([ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_LINE_ENDS = re.compile(rb"\r\n(?![ \t])")
_NUMBER = re.compile(r"[0-9]{1,12}")

_PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class Unusable(Exception):
    """A signature or key record that says nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature field. `fault` is why it cannot be verified, "" when it can."""

    domain: str
    selector: str = ""
    algorithm: str = ""
    header_form: str = "simple"
    body_form: str = "simple"
    signed: tuple[str, ...] = ()
    identity: str = ""  # domain of i=
    expires: int | None = None
    body_hash: bytes = field(default=b"", repr=False)
    value: bytes = field(default=b"", repr=False)
    raw: bytes = field(default=b"", repr=False)
    partial: bool = False  # l=: more can stand behind what was signed
    fault: str = ""

    @property
    def key_name(self) -> str:
        """Where its public key is published (RFC 6376 3.6.2.1); "" when nothing need be asked."""
        return "" if self.fault else f"{self.selector}._domainkey.{self.domain}"


class Signed:
    """The octets of a mail as signatures see them: strictly by CRLF."""

    def __init__(self, raw: bytes, body_at: int) -> None:
        self._raw = raw
        self._body_at = body_at
        self._hashes: dict[str, bytes] = {}
        head = raw[:body_at].removesuffix(b"\r\n\r\n")
        # The reader forgives what signatures do not cover; where both differ, nothing is signed.
        self.regular = b"\r\n\r\n" not in head and (
            head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")
        )
        self.fields: dict[str, list[bytes]] = {}
        for one in _LINE_ENDS.split(head.removesuffix(b"\r\n")):
            name = one.partition(b":")[0].rstrip(b" \t").lower().decode("latin-1")
            self.fields.setdefault(name, []).append(one)

    def body_hash(self, form: str) -> bytes:
        """The SHA-256 of the whole body in the form that `c=` names."""
        if form not in self._hashes:
            body = self._raw[self._body_at :]
            if form == "relaxed":
                self._hashes[form] = base64.b64decode(relaxed_body_hash(body))
            else:
                end = before_empty_lines(body, len(body))
                self._hashes[form] = hashlib.sha256(body[:end] + b"\r\n").digest()
        return self._hashes[form]

    def header_octets(self, signature: Signature) -> bytes:
        """What the signature was made over (RFC 6376 3.7): the fields of h=, then itself."""
        own = without_value(signature.raw)
        left = {name: list(self.fields.get(name, ())) for name in set(signature.signed)}
        chosen = [left[name].pop() for name in signature.signed if left[name]]
        if signature.header_form == "relaxed":
            return b"\r\n".join([*map(relaxed_field, chosen), relaxed_field(own)])
        return b"\r\n".join([*chosen, own])


def without_value(raw: bytes) -> bytes:
    """A signature's field with nothing in b=, as it was when it was signed (RFC 6376 3.7)."""
    at = raw.index(b":") + 1
    return raw[:at] + _B_VALUE.sub(rb"\1\2", raw[at:], count=1)


def read_signature(raw: bytes) -> Signature:
    """A DKIM-Signature field (RFC 6376 3.5). Never raises; `fault` says what is wrong with it."""
    octets = raw.partition(b":")[2] if len(raw) <= LONGEST else b""
    domain = ""
    try:
        tags = read_tags(octets.decode("utf-8", "replace"))
        domain = read_name(tags, "d")
        return signature_of(tags, domain, raw)
    except Unusable as fault:
        return Signature(domain, fault=str(fault))


def read_tags(text: str) -> dict[str, str]:
    """A tag list (RFC 6376 3.2), in its order. Raises Unusable."""
    tags: dict[str, str] = {}
    parts = text.split(";", 101)
    if len(parts) > 100:
        raise Unusable("too many tags")
    for at, part in enumerate(parts):
        name, equals, value = part.partition("=")
        name = name.strip(" \t\r\n")
        if not equals and not name and at == len(parts) - 1:
            continue  # the semicolon at the end
        if not equals or not _TAG_NAME.fullmatch(name) or name in tags:
            raise Unusable("not a list of tags")
        tags[name] = value.strip(" \t\r\n")
    return tags


def verify(
    signature: Signature, mail: Signed, records: list[str] | None, now: datetime
) -> tuple[str, bool]:
    """
    The verdict about a signature (RFC 8601 2.7.1), and whether its key was found.

    `records` are the TXT records at `key_name`; None or empty when there is none.
    """
    if signature.fault or not mail.regular:
        return PERMERROR, False
    if signature.expires is not None and signature.expires < now.timestamp():
        return PERMERROR, False
    if not signature.partial and signature.body_hash != mail.body_hash(signature.body_form):
        octets = None
    else:
        octets = mail.header_octets(signature)
    verdict, found = verify_octets(signature, octets, records)
    return (POLICY if verdict == PASS and signature.partial else verdict), found


def verify_octets(
    signature: Signature, octets: bytes | None, records: list[str] | None
) -> tuple[str, bool]:
    """The same about what it was made over, ready made; None: that is known to have changed."""
    found = False
    for record in (records or ())[:3]:
        try:
            key = _key(record, signature)
        except Unusable:
            continue
        found = True
        if key is not None and octets is not None and _is_right(signature, octets, key):
            return PASS, True
    return (FAIL if found else PERMERROR), found


def signature_of(tags: dict[str, str], domain: str, raw: bytes) -> Signature:
    """The signature in the tags of a field. Raises Unusable."""
    missing = [name for name in ("v", "a", "b", "bh", "h", "s") if not tags.get(name)]
    if missing:
        raise Unusable(f"without {missing[0]}=")
    algorithm = tags["a"].lower()
    header_form, _, body_form = tags.get("c", "simple").lower().partition("/")
    names = tuple(one.strip(" \t\r\n").lower() for one in tags["h"].split(":"))
    if tags["v"] != "1" or algorithm not in ALGORITHMS:
        raise Unusable("version or algorithm that is not taken")
    if not {header_form, body_form or "simple"} <= {"simple", "relaxed"}:
        raise Unusable("unknown canonicalization")
    if "from" not in names or len(names) > _MOST_SIGNED:
        raise Unusable("From is not signed, or too much is")
    if "q" in tags and "dns/txt" not in [one.strip() for one in tags["q"].lower().split(":")]:
        raise Unusable("a key that is not in the DNS")
    identity = ascii_domain(tags.get("i", "").rpartition("@")[2]) or domain
    if identity != domain and not identity.endswith("." + domain):
        raise Unusable("i= is not within d=")
    return Signature(
        domain=domain,
        selector=read_name(tags, "s"),
        algorithm=algorithm,
        header_form=header_form,
        body_form=body_form or "simple",
        signed=names,
        identity=identity,
        expires=_expiry(tags),
        body_hash=read_octets(tags["bh"]),
        value=read_octets(tags["b"]),
        raw=raw,
        partial="l" in tags,
    )


def read_name(tags: dict[str, str], tag: str) -> str:
    """The name in `d=` or `s=`, as A-labels. Raises Unusable."""
    name = ascii_domain(tags.get(tag, ""))
    if not _DOMAIN.fullmatch(name):
        raise Unusable(f"{tag}= is no name")
    return name


def _expiry(tags: dict[str, str]) -> int | None:
    for tag in ("t", "x"):
        if tag in tags and not _NUMBER.fullmatch(tags[tag]):
            raise Unusable(f"{tag}= is no moment")
    if "x" not in tags:
        return None
    expires = int(tags["x"])
    if expires < int(tags.get("t", "0")):
        raise Unusable("it expires before it was made")
    return expires


def read_octets(text: str) -> bytes:
    """What base64 stands for. Raises Unusable."""
    try:
        return base64.b64decode(_BLANKS.sub("", text), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Unusable("not base64") from fault


def _is_right(signature: Signature, octets: bytes, key: _PublicKey) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature.value, octets, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature.value, hashlib.sha256(octets).digest())  # RFC 8463 3
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _key(record: str, signature: Signature) -> _PublicKey | None:
    """The key of a record (RFC 6376 3.6.1), None when it was revoked. Raises Unusable."""
    tags = read_tags(record[:LONGEST])
    if "p" not in tags or ("v" in tags and (next(iter(tags)), tags["v"]) != ("v", "DKIM1")):
        raise Unusable("not a key record")
    kind = tags.get("k", "rsa").lower()
    if kind != signature.algorithm.partition("-")[0]:
        raise Unusable("a key of another kind")
    if "sha256" not in _listed(tags, "h", "sha256"):
        raise Unusable("a key for other hashes")
    if not {"*", "email"} & _listed(tags, "s", "*"):
        raise Unusable("a key for other services")
    if "s" in _listed(tags, "t", "") and signature.identity != signature.domain:
        raise Unusable("a key that is not for subdomains")
    return _loaded(kind, read_octets(tags["p"])) if tags["p"] else None


def _listed(tags: dict[str, str], tag: str, default: str) -> set[str]:
    return {one.strip(" \t\r\n").lower() for one in tags.get(tag, default).split(":")}


@lru_cache(maxsize=1024)
def _loaded(kind: str, octets: bytes) -> _PublicKey:
    try:
        if kind == "ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(octets)
        key = serialization.load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise Unusable("not a key") from fault
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in _KEY_BITS:
        raise Unusable("not an RSA key that is long enough")  # RFC 8301 3.2
    if key.public_numbers().e >= 1 << 32:
        raise Unusable("an exponent that nobody needs")
    return key
