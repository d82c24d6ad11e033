"""
MIME entities as they are written (RFC 2045, 2046): pure 7-bit whatever they hold.

Deliberately not here: which parts a mail has (`writing`).
"""

from __future__ import annotations

import binascii
import re
from urllib.parse import quote

from app.mail import filenames
from app.mail.compose.values import OutgoingFile

_LONGEST_LINE = 900  # of a text that is sent as it is; RFC 5322 2.1.1 allows 998
_B64_LINE = 76
_CHUNK = 60  # of a parameter that is continued (RFC 2231 3)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_CHARSET = re.compile(r";\s{0,9}charset=\"?([A-Za-z0-9_.:-]{1,40})\"?\s{0,9}(?:;|$)", re.IGNORECASE)
_UNENCODED = re.compile(r'[^\x20-\x7e]|["\\]')
# What may not be in base64 (RFC 2046 5.2.1) or would be taken for structure.
_STRUCTURE = ("message/", "multipart/")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_ENVELOPE_LINE = re.compile(rb"^From ", re.MULTILINE)


def text_part(subtype: str, text: str) -> bytes:
    """A text/… entity in UTF-8; as it is where that is safe, else the shorter encoding."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    octets = text.encode("utf-8", "replace")
    if not octets.endswith(b"\n"):
        octets += b"\n"
    encoding, body = "7bit", octets.replace(b"\n", b"\r\n")
    if not _is_safe(octets):
        encoding, body = _encoded(octets)
    head = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + body


def file_part(file: OutgoingFile, *, shown: bool) -> bytes:
    """A file in base64; `shown` within the HTML, else an attachment (RFC 2183)."""
    name = filenames.safe(file.filename) or "attachment"
    fallback = _UNENCODED.sub("_", name)
    head = [f'Content-Type: {content_type(file.content_type)};\r\n name="{fallback}"']
    disposition = "inline" if shown else "attachment"
    head.append(f"Content-Disposition: {disposition};{_filename(name)}")
    if file.content_id:
        head.append(f"Content-ID: <{file.content_id}>")
    head.append("Content-Transfer-Encoding: base64\r\n\r\n")
    return "\r\n".join(head).encode("ascii") + (base64_lines(file.content) or b"\r\n")


def multipart(subtype: str, boundary: str, parts: list[bytes], *, root_type: str = "") -> bytes:
    """A multipart/… entity. The boundary holds `=_`, which no encoded part can (RFC 2045 6.7)."""
    of_root = f';\r\n type="{root_type}"' if root_type else ""
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"{of_root}\r\n\r\n'
    between = f"--{boundary}\r\n".encode("ascii")
    ends = [part if part.endswith(b"\r\n") else part + b"\r\n" for part in parts]
    pieces = [head.encode("ascii"), *(between + part for part in ends)]
    return b"".join((*pieces, f"--{boundary}--\r\n".encode("ascii")))


def content_type(given: str) -> str:
    """The media type that is written for a file; `application/octet-stream` when in doubt."""
    plain = given.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(plain) or plain.startswith(_STRUCTURE):
        return "application/octet-stream"
    charset = _CHARSET.search(given[:300]) if plain.startswith("text/") else None
    return f'{plain}; charset="{charset[1]}"' if charset else plain


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters (RFC 2045 6.8)."""
    whole = binascii.b2a_base64(content, newline=False)
    lines = [whole[at : at + _B64_LINE] for at in range(0, len(whole), _B64_LINE)]
    return b"\r\n".join((*lines, b"")) if lines else b""


def _is_safe(octets: bytes) -> bool:
    """
    Whether a text survives the way as it is: ASCII, short lines, nothing that mailboxes escape
    ("From " at the beginning of a line) and nothing that looks like a boundary of ours.
    """
    if not octets.isascii() or b"=_" in octets or _ENVELOPE_LINE.search(octets):
        return False
    return all(len(line) <= _LONGEST_LINE for line in octets.split(b"\n"))


def _encoded(octets: bytes) -> tuple[str, bytes]:
    quoted = binascii.b2a_qp(octets, istext=True)
    # A soft line break after "From " keeps mailboxes from writing ">From ".
    quoted = _ENVELOPE_LINE.sub(b"=46rom =\n", quoted).replace(b"\n", b"\r\n")
    if len(quoted) <= len(octets) * 3 // 2:
        return "quoted-printable", quoted
    based = base64_lines(octets.replace(b"\n", b"\r\n"))
    return ("base64", based) if len(based) < len(quoted) else ("quoted-printable", quoted)


def _filename(name: str) -> str:
    """The parameter, in the form of RFC 2231 where the name needs it."""
    if not _UNENCODED.search(name):
        return f'\r\n filename="{name}"'
    encoded = [quote(character, safe="") for character in name]
    if sum(map(len, encoded)) <= _CHUNK:
        return f"\r\n filename*=utf-8''{''.join(encoded)}"
    chunks = [""]
    for character in encoded:  # between characters: some readers decode every piece by itself
        if len(chunks[-1]) + len(character) > _CHUNK:
            chunks.append("")
        chunks[-1] += character
    chunks[0] = f"utf-8''{chunks[0]}"
    return ";".join(f"\r\n filename*{number}*={chunk}" for number, chunk in enumerate(chunks))
