"""
SPF records as text (RFC 7208 4.5, 5, 6, 7): read into terms, and their macros expanded. Pure.

Deliberately not here: what a term is good for (`spf`), and `exp=`: nothing is ever refused for SPF,
so that nobody reads an explanation; it is checked for its form alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

_LONGEST = 8192  # characters of a record
_LONGEST_NAME = 253
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*)([:/=]?)(.*)", re.DOTALL)
_MACRO = re.compile(r"%(?:\{([slodiphcrtvSLODIPHCRTV])([0-9]*)([rR]?)([.\-+,/_=]*)\}|[%_-])")
_PLAIN = re.compile(r"[\x21-\x24\x26-\x7e]*")  # what a macro-string has beside macros
_TOP_LABEL = re.compile(r"\.(?=[A-Za-z0-9-]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?")
_PREFIXES = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")
_ONLY_IN_EXPLANATIONS = frozenset("crt")
_BARE = frozenset(("all", "a", "mx", "ptr"))
_WITH_DOMAIN = frozenset(("include", "exists", "a", "mx", "ptr"))


class Broken(Exception):
    """A record that breaks the rules: permerror (RFC 7208 4.6)."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism; `domain` is "" where the current one is meant."""

    name: str
    result: str  # of the check, when it matches
    domain: str = ""  # as it stands, macros and all
    prefixes: tuple[int, int] = (32, 128)  # of IPv4 and IPv6
    network: Network | None = None  # of ip4 and ip6


@dataclass(frozen=True, slots=True)
class Record:
    """A record that keeps the rules: its mechanisms in their order, and `redirect=`."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What macros stand for (RFC 7208 7.2), but for the current domain."""

    address: Address
    local_part: str
    sender_domain: str
    helo: str


def records_among(texts: Sequence[str]) -> list[str]:
    """The SPF records of a name (RFC 7208 4.5)."""
    return [one for one in texts if f"{one[:7]} ".lower().startswith("v=spf1 ")]


@lru_cache(maxsize=1024)
def read(text: str) -> Record:
    """The record. Raises Broken: one fault anywhere spoils all of it (RFC 7208 4.6)."""
    if len(text) > _LONGEST or not text.isascii():
        raise Broken("too long, or not ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, text[6:].split(" ")):
        sign, name, mark, value = _parts(term)
        if mark != "=":
            mechanisms.append(_mechanism(RESULTS[sign or "+"], name, mark, value))
        elif sign:
            raise Broken("a modifier with a qualifier")
        elif name in ("redirect", "exp"):
            if name in modifiers:
                raise Broken(f"{name}= twice")
            modifiers[name] = _checked(value)
        else:
            _check_macros(value, in_explanation=True)
    return Record(tuple(mechanisms), modifiers.get("redirect", ""))


def expand(domain_spec: str, domain: str, names: Names) -> str:
    """
    The name that a domain-spec means at `domain`; too long, it loses labels from the left.

    "" for what is no name of the DNS (an empty label, or one of more than 63 octets).
    """
    text = _MACRO.sub(lambda found: _expanded(found, domain, names), domain_spec)
    text = text.removesuffix(".").lower()
    if len(text) > _LONGEST_NAME:
        text = text[-_LONGEST_NAME - 1 :].partition(".")[2]
    labels = text.split(".")
    return text if all(0 < len(label) <= 63 for label in labels) and text.isascii() else ""


def _parts(term: str) -> tuple[str, str, str, str]:
    found = _TERM.fullmatch(term)
    if found is None or (found[4] and not found[3]):
        raise Broken("not a term")
    return found[1], found[2].lower(), found[3], found[4]


def _mechanism(result: str, name: str, mark: str, value: str) -> Mechanism:
    if name in ("ip4", "ip6") and mark == ":":
        return Mechanism(name, result, network=_network(name, value))
    if not mark and name in _BARE:
        return Mechanism(name, result)
    if name not in _WITH_DOMAIN:
        raise Broken("an unknown mechanism, or one that takes nothing")
    if name not in ("a", "mx"):
        if mark != ":":
            raise Broken("without a domain")
        return Mechanism(name, result, _checked(value))
    rest = f"/{value}" if mark == "/" else value
    cut = _cut_of(rest)
    domain, tail = rest[:cut], rest[cut:]
    if mark == ":" or domain:
        _checked(domain)
    return Mechanism(name, result, domain, _prefixes(tail))


def _cut_of(text: str) -> int:
    """Where the prefix lengths begin: at the last slashes with nothing but digits behind them."""
    cut = len(text)
    for _ in range(2):
        rest = text[:cut].rstrip("0123456789")
        if not rest.endswith("/"):
            break
        cut = len(rest) - (2 if rest.endswith("//") else 1)
    return cut


def _prefixes(text: str) -> tuple[int, int]:
    found = _PREFIXES.fullmatch(text)
    four, six = (32, 128) if found is None else (int(found[1] or 32), int(found[2] or 128))
    if found is None or four > 32 or six > 128:
        raise Broken("not a prefix length")
    return four, six


def _network(name: str, value: str) -> Network:
    address, slash, prefix = value.partition("/")
    most = 32 if name == "ip4" else 128
    if slash and (not _NUMBER.fullmatch(prefix) or int(prefix) > most):
        raise Broken("not a prefix length")
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    try:
        return kind(f"{address}/{prefix or most}", strict=False)
    except ValueError as fault:
        raise Broken("not an address") from fault


def _checked(domain_spec: str) -> str:
    """The domain-spec, if it is one (RFC 7208 7.1): it ends with a top label or a macro."""
    end = _check_macros(domain_spec)
    if not domain_spec or (end < len(domain_spec) and not _ends_well(domain_spec[end:])):
        raise Broken("not a domain")
    return domain_spec


def _ends_well(text: str) -> bool:
    start = text.rfind(".", 0, len(text) - 1)
    return start >= 0 and _TOP_LABEL.fullmatch(text, start) is not None


def _check_macros(text: str, *, in_explanation: bool = False) -> int:
    """Where the last macro ends. Raises Broken where a macro is none."""
    at = last = 0
    while at < len(text):
        found = _MACRO.match(text, at)
        if found is not None:
            letter = (found[1] or "").lower()
            if found[1] and found[2] and not int(found[2][:9]) and not found[2].strip("0"):
                raise Broken("a macro of no labels")
            if letter in _ONLY_IN_EXPLANATIONS and not in_explanation:
                raise Broken("a macro for explanations")
            at = found.end()
            last = at if letter else last
            continue
        plain = _PLAIN.match(text, at)
        if plain is None or not plain[0]:
            raise Broken("not a macro")
        at = plain.end()
    return last


def _expanded(found: re.Match[str], domain: str, names: Names) -> str:
    letter = found[1]
    if letter is None:
        return {"%%": "%", "%_": " ", "%-": "%20"}[found[0]]
    value = _value(letter.lower(), domain, names)
    parts = re.split(f"[{re.escape(found[4] or '.')}]", value)
    if found[3]:
        parts.reverse()
    digits = found[2].lstrip("0")
    if digits and len(digits) < 4:
        parts = parts[-int(digits) :]
    text = ".".join(parts)
    return quote(text, safe="-._~") if letter.isupper() else text


def _value(letter: str, domain: str, names: Names) -> str:
    is_six = names.address.version == 6
    if letter == "s":
        return f"{names.local_part}@{names.sender_domain}"
    if letter == "i":
        return ".".join(names.address.exploded.replace(":", "")) if is_six else str(names.address)
    return {
        "l": names.local_part,
        "o": names.sender_domain,
        "d": domain,
        "p": "unknown",  # nobody proves it to us (RFC 7208 7.3)
        "v": "ip6" if is_six else "in-addr",
        "h": names.helo,
    }.get(letter, "")
