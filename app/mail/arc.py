"""
ARC chains (RFC 8617): what those who passed a mail on say they have seen, and is that untouched?

A chain proves who says so, not that it is true; anybody can be a sealer (7.2). Whom to believe is
decided where it matters. Deliberately not here: the DNS; key records are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.mail import dkim_signatures as signing
from app.mail.alignment import ascii_domain
from app.mail.dkim import relaxed_field
from app.mail.dkim_signatures import Signature, Signed, Unusable

NONE, PASS, FAIL = "none", "pass", "fail"

MOST_SETS = 10  # that are looked at; a mail that was passed on more often proves nothing to us
_SEAL, _MESSAGE, _RESULTS = "arc-seal", "arc-message-signature", "arc-authentication-results"
_LONGEST_RESULTS = 8192
_INSTANCE = re.compile(rb"(?:^|;)[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([1-9][0-9]?)[ \t\r\n]*(?:;|$)")
_DMARC = re.compile(r"\bdmarc\s*=", re.IGNORECASE)
_DMARC_PASS = re.compile(r"\s*dmarc\s*=\s*pass(?=\s|$)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"(?<=\s)header\.from\s*=\s*([^\s;\"@]{1,253})(?=\s|$)", re.IGNORECASE)

Texts = Callable[[str], list[str] | str | None]  # of a name; a string: nobody could say


@dataclass(frozen=True, slots=True)
class Set:
    """One ARC set: what its sealer saw, his signature of the mail, and his seal of all that."""

    results: bytes
    message: bytes
    seal: bytes
    sealed: Signature
    verdict: str  # cv=, about the chain that he met


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain of a mail, the oldest set first. `fault` is why it fails as it stands."""

    sets: tuple[Set, ...] = ()
    newest: Signature | None = None  # its ARC-Message-Signature
    fault: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Where the keys stand that `verify` needs."""
        if self.fault or self.newest is None:
            return ()
        keys = (self.newest.key_name, *(one.sealed.key_name for one in self.sets))
        return tuple(dict.fromkeys(keys))

    @property
    def sealers(self) -> tuple[str, ...]:
        """The domains of all who sealed, the oldest first."""
        return tuple(one.sealed.domain for one in self.sets)


NO_CHAIN = Chain()


def read_chain(mail: Signed) -> Chain:
    """The chain as it stands (RFC 8617 5.2, the steps that need no key). Never raises."""
    fields = [mail.fields.get(name, []) for name in (_RESULTS, _MESSAGE, _SEAL)]
    count = max(map(len, fields))
    if not count:
        return NO_CHAIN
    if count > MOST_SETS or not mail.regular:
        return Chain(fault="too many sets, or a mail that is not regular")
    try:
        results, messages, seals = (_by_instance(found, count) for found in fields)
        sets = tuple(map(_set, results, messages, seals))
        for at, one in enumerate(sets):
            if one.verdict != (PASS if at else NONE):
                raise Unusable("a sealer met a chain that failed")
        return Chain(sets, _message_signature(messages[-1]))
    except Unusable as fault:
        return Chain(fault=str(fault))


def verify(chain: Chain, mail: Signed, texts: Texts, now: datetime) -> str | None:
    """The result (RFC 8617 5.2, RFC 8601); None where the DNS could not tell. Never raises."""
    if chain.fault or chain.newest is None:
        return FAIL if chain.fault else NONE
    newest = chain.newest
    verdict = _with_key(newest, texts, lambda keys: signing.verify(newest, mail, keys, now)[0])
    if verdict != PASS:
        return verdict
    octets = b""
    for one in chain.sets:
        octets += b"".join(relaxed_field(each) + b"\r\n" for each in (one.results, one.message))
        made = octets + relaxed_field(signing.without_value(one.seal))
        verdict = _with_key(one.sealed, texts, _over(one.sealed, made))
        if verdict != PASS:
            return verdict
        octets += relaxed_field(one.seal) + b"\r\n"
    return PASS


def first_saw_pass(chain: Chain, author_domain: str) -> bool:
    """
    Does the oldest set say that DMARC passed for mail From this domain?

    Only where it says one thing about DMARC: what others have written into comments and addresses
    stands there, too, and must not be mistaken for a second result.
    """
    if not chain.sets or not author_domain:
        return False
    field = chain.sets[0].results[:_LONGEST_RESULTS].partition(b":")[2]
    text = field.decode("utf-8", "replace")
    if len(_DMARC.findall(text)) != 1:
        return False
    for part in _without_comments(text).split(";"):
        if _DMARC_PASS.match(part):
            named = _HEADER_FROM.findall(part)
            return len(named) == 1 and ascii_domain(named[0]) == author_domain
    return False


def _over(sealed: Signature, octets: bytes) -> Callable[[list[str] | None], str]:
    return lambda records: signing.verify_octets(sealed, octets, records)[0]


def _with_key(
    signature: Signature, texts: Texts, judge: Callable[[list[str] | None], str]
) -> str | None:
    records = texts(signature.key_name)
    if isinstance(records, str):
        return None
    return PASS if judge(records) == signing.PASS else FAIL


def _by_instance(fields: list[bytes], count: int) -> list[bytes]:
    """The fields of one name in the order of i=, which counts from 1 without gaps."""
    found: dict[int, bytes] = {}
    for one in fields:
        number = _INSTANCE.search(one.partition(b":")[2][: signing.LONGEST])
        if number is not None:
            found[int(number[1])] = one
    if len(fields) != count or sorted(found) != list(range(1, count + 1)):
        raise Unusable("not a whole chain")
    return [found[at] for at in range(1, count + 1)]


def _set(results: bytes, message: bytes, seal: bytes) -> Set:
    if len(seal) > signing.LONGEST or len(message) > signing.LONGEST:
        raise Unusable("too long")
    if len(results) > _LONGEST_RESULTS:
        raise Unusable("too long")
    tags = _tags(seal)
    if "h" in tags or tags.get("a", "").lower() not in signing.ALGORITHMS:
        raise Unusable("not a seal that is taken")
    sealed = Signature(
        domain=(domain := signing.read_name(tags, "d")),
        selector=signing.read_name(tags, "s"),
        algorithm=tags["a"].lower(),
        identity=domain,
        value=signing.read_octets(tags.get("b", "")),
        raw=seal,
    )
    return Set(results, message, seal, sealed, tags.get("cv", "").lower())


def _message_signature(raw: bytes) -> Signature:
    """An ARC-Message-Signature: a DKIM-Signature without v=, with another i= (RFC 8617 4.1.2)."""
    tags = {**_tags(raw), "v": "1"}
    tags.pop("i", None)
    found = signing.signature_of(tags, signing.read_name(tags, "d"), raw)
    if _SEAL in found.signed:
        raise Unusable("it signs seals")
    return found


def _tags(raw: bytes) -> dict[str, str]:
    return signing.read_tags(raw.partition(b":")[2].decode("utf-8", "replace"))


def _without_comments(text: str) -> str:
    """The text without what stands in parentheses, and without what is quoted."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for one in text:
        if escaped:
            escaped = False
        elif one == "\\":
            escaped = True
        elif quoted:
            quoted = one != '"'
        elif one == '"' and not depth:
            quoted = True
        elif one in "()":
            depth = max(0, depth + (1 if one == "(" else -1))
            kept.append(" ")
        elif not depth:
            kept.append(one)
    return "".join(kept)
