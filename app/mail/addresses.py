"""
Mailboxes in header fields (RFC 5322 3.4) and addresses for comparing and storing.

Deliberately not here: the grammar of address lists (`address_lists`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from app.mail import address_lists, charsets
from app.mail.message import Mailbox
from app.mail.words import decode_words

_LONGEST_FIELD = 1_000_000
_SHORT = 400  # so short that the two patterns below cannot become slow, and worth remembering

_SIMPLE = re.compile(
    r'(?:"([^"\\\x00-\x1f]*)"|([^"\\<>,;:()@\[\]]*))\s*'
    r'<([^\s<>"(),:;\\\[\]]+@[^\s<>"(),:;\\\[\]@]+)>'
)
_BARE = re.compile(r"[^\s<>\"(),:;\\\[\]=@']+@[^\s<>\"(),:;\\\[\]@']+")


def parse_mailboxes(value: str) -> tuple[Mailbox, ...]:
    """
    The mailboxes of a From, To, Cc … value in their order, groups flattened (RFC 5322 3.4).

    Names are decoded (RFC 2047), also within quotes. A part without an address becomes a mailbox
    with a name only; an address without `@` is kept as it stands. Linear, never raises.
    """
    return _parse_short(value) if len(value) < _SHORT else _parse(value[:_LONGEST_FIELD])


@lru_cache(maxsize=4096)
def _parse_short(value: str) -> tuple[Mailbox, ...]:
    value = value.strip()
    simple = _SIMPLE.fullmatch(value)
    if simple is not None:
        name = simple[1] if simple[1] is not None else simple[2]
        return (address_lists.mailbox(name, simple[3]),)
    if _BARE.fullmatch(value):
        return (address_lists.mailbox("", value),)
    return _parse(value)


def _parse(value: str) -> tuple[Mailbox, ...]:
    found = address_lists.read(value)
    if "=?" in value and not any("@" in box.address for box in found):
        decoded = charsets.clean_line(decode_words(value))
        if "@" in decoded and decoded != value:  # the whole list as one encoded word
            found = address_lists.read(decoded)
    return tuple(found)


@lru_cache(maxsize=8192)
def canonical(address: str) -> str:
    """The form in which addresses are compared: lower case, domain as ASCII A-labels (IDNA)."""
    local, at, domain = address.strip().strip("<>").rpartition("@")
    domain = domain.rstrip(".")
    if not domain.isascii():
        domain = ".".join(_a_label(label) for label in re.split("[.\u3002\uff0e\uff61]", domain))
    return f"{local}{at}{domain}".lower()


def _a_label(label: str) -> str:
    if label.isascii() or len(label) > 63:
        return label
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:
        return label


_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_LABEL = re.compile(r"(?!-)[A-Za-z0-9\x80-\U0010ffff-]{1,63}(?<!-)")
_LITERAL = re.compile(r"\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]")


def is_addr_spec(text: str) -> bool:
    """Whether this is an address that mail can be sent to (RFC 5321 4.1.2, lengths of 4.5.3.1)."""
    local, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or len(local.encode()) > 64 or len(domain) > 255:
        return False
    if not _DOT_ATOM.fullmatch(local) and not _QUOTED_LOCAL.fullmatch(local):
        return False
    if domain.startswith("["):
        return _LITERAL.fullmatch(domain) is not None
    return all(_LABEL.fullmatch(label) for label in domain.split("."))


_BEFORE, _AFTER = r"(?<![\w.+!#$%&'*/=?^`{|}~-])", r"(?![\w-]|\.[\w-])"


def names_any(text: str, addresses: Collection[str]) -> bool:
    """Does the text name one of these addresses, whatever its case? Not as the end of another."""
    if not addresses:
        return False
    folded = text.lower()
    for address in addresses:
        wanted = address.lower()
        if wanted in folded and re.search(_BEFORE + re.escape(wanted) + _AFTER, folded):
            return True
    return False
