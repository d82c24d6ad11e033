"""
Header fields as they are written: folded, encoded, and never more than the one field.

Deliberately not here: which fields a mail has (`writing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from functools import lru_cache

from app.errors import Invalid, invalid_field
from app.mail.addresses import is_addr_spec
from app.mail.alignment import ascii_domain
from app.mail.message import Mailbox

BAD_HEADER = "compose.bad_header"
BAD_ADDRESS = "compose.bad_address"

_LINE = 78  # RFC 5322 2.1.1: should; 998 is must
_LONGEST_WORD = 900  # octets that are left unfolded
_LONGEST_PHRASE = 400  # characters that may be doubled by quoting
_LONGEST_ID = 900
_TEXT_LIMIT = 4000  # characters of a subject or a name
# Controls, line and paragraph separators, and halves of characters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SPECIALS = re.compile(r'[][\\()<>@,:;".]')  # RFC 5322 3.2.3: a phrase with one is quoted
_ESCAPED = re.compile(r'[\\"]')
_BETWEEN = re.compile("(?<=[^ ]) ")  # further blanks go with the next word
_SPACED_WORD = re.compile(r" *[^ ]+")
_ID = re.compile(r"[!-;=?-~]+")  # printable ASCII without angle brackets and blanks
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")


def one_line(text: str) -> str:
    """The text with line ends and controls as blanks, trimmed: nothing that could end a field."""
    return _CONTROL.sub(" ", text[:_TEXT_LIMIT]).strip()


def unstructured(name: str, text: str) -> str:
    """A field of free text, such as Subject (RFC 5322 2.2.1, RFC 2047 5)."""
    text = one_line(text)
    if _is_plain(text):
        return folded(name, _SPACED_WORD.findall(text))
    return f"{name}: {_encoded(text, name)}\r\n"


def mailboxes(name: str, boxes: Iterable[Mailbox]) -> str:
    """A field of mailboxes whose addresses are `sendable` already (RFC 5322 3.4)."""
    written = [_phrase(one_line(box.name), box.address) for box in boxes]
    words = [word for words in written[:-1] for word in (*words[:-1], f"{words[-1]},")]
    return folded(name, [f" {word}" for word in (*words, *written[-1])])


def mailbox_text(box: Mailbox) -> str:
    """One mailbox as its field says it, unfolded: what a preview shows is what is sent."""
    return " ".join(_phrase(one_line(box.name), box.address))


def message_ids(name: str, ids: Iterable[str]) -> str:
    """A field of Message-IDs. They are never encoded, never cut: threading lives by them."""
    return folded(name, [f" <{one}>" for one in ids])


def further(name: str, value: str, pointer: str) -> str:
    """A field that the caller names. Invalid: no field name, or a value with controls."""
    if not _FIELD_NAME.fullmatch(name):
        raise invalid_field(pointer, "This is not the name of a header field.", BAD_HEADER)
    if not value or _CONTROL.search(value) or len(value) > _TEXT_LIMIT:
        raise invalid_field(pointer, "A header field is one line of text.", BAD_HEADER)
    return unstructured(name, value)


def own_id(message_id: str, pointer: str) -> str:
    """An id for a mail of ours, without angle brackets. Invalid when it is none."""
    plain = _without_brackets(message_id)
    if not is_writable_id(plain) or "@" not in plain:
        raise invalid_field(pointer, "This cannot be a Message-ID.", BAD_HEADER)
    return plain


def writable_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Those ids of others that can be written as they are: odd ones must not stop an answer."""
    plain = (_without_brackets(one) for one in ids)
    return tuple(dict.fromkeys(one for one in plain if is_writable_id(one)))


def is_writable_id(message_id: str) -> bool:
    """Whether an id can stand in a field without being changed."""
    return len(message_id) <= _LONGEST_ID and _ID.fullmatch(message_id) is not None


def sendable(box: Mailbox, pointer: str) -> Mailbox:
    """
    The mailbox with its domain as A-labels (RFC 5891). Invalid when mail cannot be sent to it.

    A local part beyond ASCII stays: it takes SMTPUTF8 (RFC 6531).
    """
    try:
        return Mailbox(box.name, _sendable_address(box.address))
    except Invalid as refusal:
        raise invalid_field(f"{pointer}/address", refusal.detail, refusal.code) from None


def is_sendable(address: str) -> bool:
    """Whether `sendable` takes the address."""
    try:
        _sendable_address(address)
    except Invalid:
        return False
    return True


@lru_cache(maxsize=4096)
def _sendable_address(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if not domain.startswith("["):
        domain = ascii_domain(domain) or domain
    written = f"{local}@{domain}"
    if _CONTROL.search(address):
        raise Invalid("An address has no line breaks and no control characters.", BAD_HEADER)
    if not is_addr_spec(written) or not domain.isascii():
        raise Invalid("This is not an address that mail can be sent to.", BAD_ADDRESS)
    return written


def folded(name: str, words: Iterable[str]) -> str:
    """
    A field of words, each with the blanks before it; lines of 78 characters where words allow.

    No fold right after the colon: some readers lose a field that begins on the second line.
    """
    lines = [f"{name}:"]
    for number, word in enumerate(words):
        spaced = word if number or word.startswith(" ") else f" {word}"
        if number and len(lines[-1]) + len(spaced) > _LINE:
            lines.append("")
        lines[-1] += spaced
    return "\r\n".join(lines) + "\r\n"


def _phrase(name: str, address: str) -> list[str]:
    """
    A display name and an address as words that may be folded between.

    ASCII names are atoms or a quoted string, others encoded words (RFC 2047 5 (3)).
    """
    if not name:
        return [address] if address.isascii() else [f"<{address}>"]
    if not _is_plain(name) or len(name) > _LONGEST_PHRASE:
        return [*_encoded(name, "From").split(), f"<{address}>"]
    if _SPECIALS.search(name):
        return ['"' + _ESCAPED.sub(r"\\\g<0>", name) + '"', f"<{address}>"]
    return [*_BETWEEN.split(name), f"<{address}>"]


def _is_plain(text: str) -> bool:
    """Whether it can be written as it is; what looks like an encoded word would be decoded."""
    if not text.isascii() or "=?" in text:
        return False
    return len(text) < _LONGEST_WORD or all(len(w) < _LONGEST_WORD for w in text.split(" "))


def _encoded(text: str, name: str) -> str:
    return Header(text, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def _without_brackets(message_id: str) -> str:
    return message_id.strip(" ").removeprefix("<").removesuffix(">")
