"""
A header block (RFC 5322 2.2), split in one pass and decoded when somebody asks.
"""

from __future__ import annotations

import re

from app.mail import addresses, charsets, parameters
from app.mail.message import Mailbox
from app.mail.words import decode_words

_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\x1b") + b"\x7f"
_NEXT_FIELD = re.compile(r"\n(?![ \t])")
_BRACKETED = re.compile(r"<([^<>]{1,4000})>")
_BLANKS = re.compile(r"\s+")
_NAME = re.compile(r"[!-9;-~]+[ \t]*")
_LONGEST_ID = 998  # a line has no more octets (RFC 5322 2.1.1)
_MOST_IDS = 1000


class HeaderBlock:
    """
    The fields of one header block; implements `message.Headers`.

    Raw 8-bit octets are read as UTF-8, else as the charset the body declares, else as
    windows-1252. A line that is no field and no continuation is left out.
    """

    __slots__ = ("_charset", "_fields", "_raw_octets")

    def __init__(self, block: bytes) -> None:
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
            block = block.replace(b"\r", b" " if b"\n" in block else b"\n")
        if len(block.translate(None, _CONTROLS)) != len(block):
            block = block.translate(None, _CONTROLS)
        try:
            text = block.decode("utf-8")
            self._raw_octets = b"\x1b" in block
        except UnicodeDecodeError:
            text = block.decode("utf-8", "surrogateescape")
            self._raw_octets = True
        self._charset: str | None = None
        self._fields = _split(text)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def names(self) -> list[str]:
        placed = [(at, name) for name, found in self._fields.items() for at, _ in found]
        return [name for _, name in sorted(placed)]

    def value(self, name: str) -> str:
        found = self._fields.get(name.lower())
        return self._unfolded(found[0][1]) if found else ""

    def values(self, name: str) -> list[str]:
        return [self._unfolded(raw) for _, raw in self._fields.get(name.lower(), ())]

    def text(self, name: str) -> str:
        return charsets.clean_line(decode_words(self.value(name)))

    def texts(self, name: str) -> list[str]:
        return [charsets.clean_line(decode_words(value)) for value in self.values(name)]

    def mailboxes(self, name: str) -> tuple[Mailbox, ...]:
        found = self._fields.get(name.lower())
        if not found:
            return ()
        if len(found) == 1:
            return addresses.parse_mailboxes(self._unfolded(found[0][1]))
        return tuple(m for value in self.values(name) for m in addresses.parse_mailboxes(value))

    def ids(self, name: str) -> tuple[str, ...]:
        value = self.value(name)
        if not value:
            return ()
        if "=?" in value:
            value = charsets.clean_line(decode_words(value))
        found = [_BLANKS.sub("", one) for one in _BRACKETED.findall(value)]
        if not found:
            found = [word.strip("<>,;\"'") for word in value.split()]
            found = [word for word in found if "@" in word] or found[: len(found) == 1]
        return tuple(one[:_LONGEST_ID] for one in found if one)[:_MOST_IDS]

    def _unfolded(self, raw: str) -> str:
        if "\n" in raw:
            lines = [line.strip(" \t") for line in raw.split("\n")]
            raw = " ".join(line for line in lines if line)
        else:
            raw = raw.strip(" \t")
        if (self._raw_octets and not raw.isascii()) or "\x1b" in raw:
            return self._decoded(raw)
        return raw

    def _decoded(self, raw: str) -> str:
        """A value with octets that are not plain UTF-8."""
        if self._charset is None:
            self._charset = ""
            _, found = parameters.parse(self.value("content-type"))
            self._charset = found.get("charset", "")
        octets = raw.encode("utf-8", "surrogateescape")
        return charsets.clean_line(charsets.decode(octets, self._charset))


_Fields = dict[str, list[tuple[int, str]]]


def _split(text: str) -> _Fields:
    fields: _Fields = {}
    for at, line in enumerate(_NEXT_FIELD.split(text)):
        name, colon, value = line.partition(":")
        if not colon or not name or name[0] in " \t":
            continue
        name = name.rstrip(" \t").lower()
        if (" " in name or not name.isprintable()) and not _NAME.fullmatch(name):
            continue
        if name in fields:
            fields[name].append((at, value))
        else:
            fields[name] = [(at, value)]
    return fields
