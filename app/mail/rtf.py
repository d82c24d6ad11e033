"""
The compressed RTF of Outlook (MS-OXRTFCP) and the words in an RTF text.
"""

from __future__ import annotations

import re
import struct

from app.mail import charsets

_LONGEST = 2_000_000
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\(?:([a-z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|([^a-z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.DOTALL,
)
_SKIPPED = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"object")
)
_BREAKS = {
    b"par": "\n",
    b"line": "\n",
    b"sect": "\n",
    b"page": "\n",
    b"row": "\n",
    b"tab": "\t",
    b"cell": " ",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"bullet": "*",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
}


def decompress(data: bytes) -> bytes:
    """The RTF of a PR_RTF_COMPRESSED value; what is broken ends it early."""
    if len(data) < 16:
        return b""
    size, magic = struct.unpack_from("<4xI4s", data)
    if magic == b"MELA":
        return data[16 : 16 + size]
    if magic != b"LZFu":
        return b""
    return bytes(_expanded(data, min(size, _LONGEST)))


def _expanded(data: bytes, limit: int) -> bytearray:
    """Flag octets, each followed by eight literals or references into a window of 4,096 octets."""
    window = bytearray(_START.ljust(4096, b"\0"))
    out = bytearray()
    write, position, flags, bits = len(_START), 16, 0, 0
    while len(out) < limit:
        if not bits:
            if position >= len(data):
                break
            flags, bits, position = data[position], 8, position + 1
        is_reference, flags, bits = flags & 1, flags >> 1, bits - 1
        code = int.from_bytes(data[position : position + 1 + is_reference], "big")
        position += 1 + is_reference
        if position > len(data) or (is_reference and code >> 4 == write):
            break
        at, count = (code >> 4, (code & 15) + 2) if is_reference else (-1, 1)
        for step in range(count):
            octet = window[(at + step) & 4095] if is_reference else code
            window[write] = octet
            out.append(octet)
            write = (write + 1) & 4095
    return out


def to_text(data: bytes, charset: str = "") -> str:
    """The words of an RTF text, without its tables, pictures and hidden groups. Linear."""
    writer = _Words(charset)
    for match in _TOKEN.finditer(data[:_LONGEST]):
        word, number, code, symbol, brace, text = match.groups()
        if brace:
            writer.brace(brace)
        elif writer.skipped_from:
            continue
        elif word:
            writer.control(word, number)
        elif code:
            writer.character(int(code, 16))
        elif symbol:
            writer.symbol(symbol)
        elif text:
            writer.text(text)
    return charsets.clean_text("".join(writer.pieces)).strip()


class _Words:
    """Collects text; a group that begins with a destination is skipped to its end."""

    def __init__(self, charset: str) -> None:
        self.charset = charset or "cp1252"
        self.pieces: list[str] = []
        self.depth = 0
        self.skipped_from = 0
        self.skip_next = 0  # what stands after a Unicode character for readers that know none

    def brace(self, brace: bytes) -> None:
        self.depth += 1 if brace == b"{" else -1
        if self.depth < self.skipped_from:
            self.skipped_from = 0

    def control(self, word: bytes, number: bytes | None) -> None:
        if word in _SKIPPED:
            self.skipped_from = max(self.depth, 1)
        elif word in _BREAKS:
            self.pieces.append(_BREAKS[word])
        elif word == b"u" and number:
            self.pieces.append(chr(int(number) & 0xFFFF))
            self.skip_next = 1

    def character(self, code: int) -> None:
        if not self.skip_next:
            self.pieces.append(charsets.decode(bytes([code]), self.charset))
        self.skip_next = 0

    def symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.skipped_from = max(self.depth, 1)
        elif symbol in b"\\{}~":
            self.pieces.append(" " if symbol == b"~" else symbol.decode("ascii"))

    def text(self, text: bytes) -> None:
        self.pieces.append(charsets.decode(text[self.skip_next :], self.charset))
        self.skip_next = 0
