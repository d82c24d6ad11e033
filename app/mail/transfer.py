"""
Content-Transfer-Encodings (RFC 2045 section 6) and uuencode, read leniently.

Deliberately not here: yEnc, which lives in Usenet.
"""

from __future__ import annotations

import binascii
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_ALPHABET = bytes(c for c in range(256) if c not in _ALPHABET)
_PADDED_SOFT_BREAK = re.compile(rb"=[ \t]{1,200}(?=\r?\n)")
_RUN = re.compile(rb"([^=]*)(=+|\Z)")
_MOST_RUNS = 1000
_UU_NAMES = ("uuencode", "x-uuencode", "x-uue", "uue")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,300})\r?$", re.MULTILINE)


def decode(data: bytes, encoding: str) -> bytes:
    """The octets of a body; an unknown encoding is taken for none at all (never raises)."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return decode_quoted_printable(data)
    if encoding in _UU_NAMES:
        begin = _UU_BEGIN.search(data)
        return decode_uu(data, begin.end() if begin else 0)
    return data


def decode_base64(data: bytes) -> bytes:
    """Base64 with garbage, with bad or missing padding, or in several padded runs."""
    padding = data.find(b"=")
    if padding < 0 or not data[padding:].translate(None, b"=\r\n \t"):
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            return _base64_run(data)
    return b"".join(_base64_run(run) for run in _runs(data))


def _runs(data: bytes) -> list[bytes]:
    """
    The padded runs that were put one after another.

    What follows a padding and is no base64 of whole quantums is the footer of a list or junk.
    """
    found = _RUN.findall(data)
    if len(found) > _MOST_RUNS:  # paddings in their thousands are noise
        return [data]
    runs = [letters for letters, _ in found[:1]]
    for letters, padding in found[1:]:
        tight = letters.translate(None, b"\r\n")
        if tight.translate(None, _ALPHABET) or (len(tight) + len(padding)) % 4:
            break
        runs.append(letters)
    return runs


def _base64_run(data: bytes) -> bytes:
    data = data.translate(None, _NOT_ALPHABET)
    odd = len(data) % 4
    if odd == 1:
        data = data[:-1]
    elif odd:
        data += b"=="[: 4 - odd]
    return binascii.a2b_base64(data)


def size_of_base64(data: bytes) -> int:
    """How many octets `decode_base64` would give, without decoding where that is possible."""
    padding = data.find(b"=")
    if padding >= 0 and data[padding:].translate(None, b"=\r\n \t"):
        return len(decode_base64(data))
    letters = len(data) - len(data.translate(None, _ALPHABET))
    return letters * 3 // 4


def decode_quoted_printable(data: bytes) -> bytes:
    """Quoted-printable; `=` that starts no code stays, blanks after a soft line break go."""
    if b"= " in data or b"=\t" in data:
        data = _PADDED_SOFT_BREAK.sub(b"=", data)
    return binascii.a2b_qp(data)


def find_uu(data: bytes, limit: int = 100) -> list[tuple[int, int, int, bytes]]:
    """
    The uuencoded blocks within a text: (start, end, where the lines begin, file name).

    A block needs its `begin` line, a first line that is uuencode, and an `end` line.
    """
    blocks: list[tuple[int, int, int, bytes]] = []
    position, end = 0, -1
    while len(blocks) < limit and (begin := _UU_BEGIN.search(data, position)):
        if end < begin.end():
            end = data.find(b"\nend", begin.end())
        if end < 0:
            break
        first = data[begin.end() : begin.end() + 80].lstrip(b"\r\n").split(b"\n", 1)[0]
        if _is_uu_line(first.rstrip(b"\r")):
            blocks.append((begin.start(), end + 4, begin.end(), begin[1]))
            position = end + 4
        else:
            position = begin.end()
    return blocks


def _is_uu_line(line: bytes) -> bool:
    if not line or not all(32 <= c <= 96 for c in line):
        return False
    count = (line[0] - 32) & 63
    return count == 0 or abs(len(line) - 1 - (count + 2) // 3 * 4) <= 3


def decode_uu(data: bytes, start: int, end: int | None = None) -> bytes:
    """The octets of uuencoded lines; a broken line gives what can be read of it."""
    pieces: list[bytes] = []
    for line in data[start:end].splitlines():
        if line.strip() == b"end":
            break
        if line.strip():
            pieces.append(_uu_line(line))
    return b"".join(pieces)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:wanted])
    except binascii.Error:
        return b""
