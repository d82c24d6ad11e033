"""A small writer of TNEF streams (MS-OXTNEF): specimens of winmail.dat as Outlook makes them."""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime

Property = int | str | bytes | datetime

TO, CC = 1, 2


def attribute(level: int, number: int, data: bytes) -> bytes:
    """One attribute with its checksum."""
    return (
        struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) % 65536)
    )


def string_property(number: int, value: str) -> bytes:
    """A string in UTF-16."""
    octets = (value + "\0").encode("utf-16-le")
    return struct.pack("<HHII", 0x1F, number, 1, len(octets)) + _padded(octets)


def winmail(*attributes: bytes) -> bytes:
    """A stream."""
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def properties(values: dict[int, Property]) -> bytes:
    """A MAPI list, each value in the type that it has in Python."""
    return struct.pack("<I", len(values)) + b"".join(_property(*one) for one in values.items())


def letter(
    values: dict[int, Property], recipients: list[dict[int, Property]] | None = None, *files: bytes
) -> bytes:
    """The stream of a mail with these properties; `files` are attributes of attachments."""
    rows = recipients or []
    table = struct.pack("<I", len(rows)) + b"".join(map(properties, rows))
    return winmail(
        attribute(1, 0x00069007, struct.pack("<II", 1252, 0)),
        *([attribute(1, 0x00069004, table)] if rows else []),
        attribute(1, 0x00069003, properties(values)),
        *files,
    )


def attached_file(name: str, content: bytes) -> bytes:
    """A file as an attachment."""
    described = struct.pack("<I", 1) + string_property(0x3707, name)
    return (
        attribute(2, 0x00069002, b"\0" * 14)
        + attribute(2, 0x0006800F, content)
        + attribute(2, 0x00069005, described)
    )


def attached_letter(stream: bytes) -> bytes:
    """A mail as an attachment: an object with the interface of a message (PR_ATTACH_METHOD 5)."""
    value = bytes.fromhex("0703020000000000c000000000000046") + stream
    method = properties({0x3705: 5})[4:]
    object_ = struct.pack("<HHII", 0x0D, 0x3701, 1, len(value)) + _padded(value)
    head = attribute(2, 0x00069002, b"\0" * 14)
    return head + attribute(2, 0x00069005, struct.pack("<I", 2) + method + object_)


def mail_with(stream: bytes, sender: str, text: str, subject: str = "FW: Lamp") -> bytes:
    """A mail as Exchange sends it on: a text and the winmail.dat."""
    packed = base64.encodebytes(stream).decode().replace("\n", "\r\n")
    return (
        f"From: {sender}\r\nTo: support@acme.example\r\nSubject: {subject}\r\n"
        "Date: Tue, 24 Nov 2026 09:30:00 +0100\r\nMessage-ID: <fwd@acme.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        '--b\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{packed}\r\n--b--\r\n"
    ).encode()


def _property(number: int, value: Property) -> bytes:
    if isinstance(value, str):
        return string_property(number, value)
    if isinstance(value, bytes):
        return struct.pack("<HHII", 0x102, number, 1, len(value)) + _padded(value)
    if isinstance(value, datetime):
        since = (value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()
        return struct.pack("<HHQ", 0x40, number, int(since) * 10_000_000)
    return struct.pack("<HHI", 0x03, number, value)


def _padded(octets: bytes) -> bytes:
    return octets + b"\0" * (-len(octets) % 4)
