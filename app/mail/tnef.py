"""
TNEF, the winmail.dat of Outlook (MS-OXTNEF): its files, its text and the mails attached to it.

Files are octet ranges of the stream. Deliberately not here: what the properties of an attached
mail mean (`mapi`), and appointments, contacts and all other properties.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.mail import charsets, filenames, mapi, rtf

CONTENT_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_SIGNATURE = b"\x78\x9f\x3e\x22"
_DEEPEST = 8
_MOST = 1000  # attributes, properties and files, each

_BODY, _ATTACH_DATA, _ATTACH_TITLE = 0x800C, 0x800F, 0x8010
_FROM, _SUBJECT, _SENT, _RECEIVED, _RECIPIENTS = 0x8000, 0x8004, 0x8005, 0x8006, 0x9004
_RENDERING, _MESSAGE_PROPERTIES, _ATTACH_PROPERTIES, _CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007
_PR_BODY, _PR_RTF, _PR_HTML, _PR_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_PR_DATA, _PR_NAME, _PR_LONG_NAME, _PR_MIME, _PR_CID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_STRING_8, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_LONG, _MOMENT = 0x0003, 0x0040
_VARIABLE = (_STRING_8, _UNICODE, _OBJECT, _BINARY)
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_KEPT = mapi.OF_MAIL | {_PR_CODEPAGE}
_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}")


@dataclass(slots=True)
class File:
    """A file in the stream; `start` and `end` are its octets there."""

    filename: str = ""
    content_type: str = "application/octet-stream"
    content_id: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Contents:
    """What a stream holds; of the texts each may be absent."""

    files: list[File] = field(default_factory=list)  # those of attached mails, too
    text: str = ""
    html: str = ""
    messages: list[Contents] = field(default_factory=list)  # attached mails and other objects
    letter: mapi.Letter | None = None  # of an attached mail: who wrote it, to whom, when


def read(stream: bytes) -> Contents:
    """Files and texts of a TNEF stream; a broken stream gives what stands before the break."""
    found = Contents()
    _Reader(stream, found).read(0, len(stream), 0)
    return found


class _Reader:
    """Reads one stream; what is attached to it as a stream is read by a reader of its own."""

    def __init__(self, stream: bytes, found: Contents) -> None:
        self.stream = stream
        self.found = found
        self.charset = ""
        self.file: File | None = None
        self.values: dict[int, mapi.Value] = {}
        self.older: dict[int, mapi.Value] = {}  # the same as attributes, as old writers keep them
        self.recipients: list[dict[int, mapi.Value]] = []
        self.page = b""
        self.position = 0  # behind the properties that were read last; -1 where they broke off

    def read(self, start: int, end: int, depth: int) -> None:
        if self.stream[start : start + 4] != _SIGNATURE or depth > _DEEPEST:
            return
        for attribute, at, stop in self.attributes(start + 6, end):
            if attribute == _RENDERING:
                self.file = File()
                if len(self.found.files) < _MOST:
                    self.found.files.append(self.file)
            elif attribute == _CODEPAGE and stop - at >= 4:
                self.charset = f"cp{struct.unpack_from('<I', self.stream, at)[0]}"
            elif attribute in (_ATTACH_DATA, _ATTACH_TITLE, _ATTACH_PROPERTIES):
                if self.file is not None:
                    self.file_attribute(self.file, attribute, at, stop, depth)
            else:
                self.message_attribute(attribute, at, stop)
        self.found.files = [one for one in self.found.files if one.start < one.end]
        self.found.html = charsets.decode_text(self.page, self.page_charset())
        if depth:
            self.found.letter = mapi.read_letter(self.older | self.values, self.recipients)

    def page_charset(self) -> str:
        """HTML is octets in a code page of its own."""
        codepage = self.values.get(_PR_CODEPAGE)
        return charsets.codec_of(f"cp{codepage}") or self.charset

    def message_attribute(self, attribute: int, at: int, stop: int) -> None:
        if attribute == _MESSAGE_PROPERTIES:
            self.message_properties(at, stop)
        elif attribute == _BODY:
            self.found.text = self.found.text or self.string(at, stop, _STRING_8)
        elif attribute == _RECIPIENTS:
            self.recipient_table(at, stop)
        elif attribute == _SUBJECT:
            self.older[mapi.SUBJECT] = self.string(at, stop, _STRING_8)
        elif attribute == _FROM:
            self.sender(at, stop)
        elif attribute in (_SENT, _RECEIVED) and stop - at >= 12:
            moment = mapi.moment_of_fields(struct.unpack_from("<6H", self.stream, at))
            if moment is not None:
                self.older[mapi.SUBMITTED if attribute == _SENT else mapi.DELIVERED] = moment

    def sender(self, at: int, stop: int) -> None:
        """A name and an address with its type before it (MS-OXTNEF, TRP structure)."""
        if stop - at < 8:
            return
        of_name, of_address = struct.unpack_from("<4xHH", self.stream, at)
        middle = min(at + 8 + of_name, stop)
        name = self.stream[at + 8 : middle].partition(b"\0")[0]
        address = self.stream[middle : min(middle + of_address, stop)].partition(b"\0")[0]
        kind, _, plain = charsets.clean_text(charsets.decode(address, self.charset)).partition(":")
        self.older[mapi.SENDER_NAME] = charsets.clean_text(charsets.decode(name, self.charset))
        self.older[mapi.SENDER_TYPE], self.older[mapi.SENDER_ADDRESS] = kind, plain

    def recipient_table(self, at: int, stop: int) -> None:
        self.position = at + 4
        for _ in range(min(self.number(at, stop), _MOST)):
            row: dict[int, mapi.Value] = {}
            for name, kind, first, last in self.properties(self.position, stop):
                self.keep(row, mapi.OF_RECIPIENT, name, kind, first, last)
            if self.position < 0:
                return
            self.recipients.append(row)

    def attributes(self, position: int, end: int) -> Iterator[tuple[int, int, int]]:
        for _ in range(_MOST):
            if position + 9 > end:
                return
            attribute, length = struct.unpack_from("<xII", self.stream, position)
            at = position + 9
            if at + length > end:
                return
            yield attribute & 0xFFFF, at, at + length
            position = at + length + 2

    def file_attribute(self, file: File, attribute: int, at: int, stop: int, depth: int) -> None:
        if attribute == _ATTACH_DATA:
            file.start, file.end = at, stop
        elif attribute == _ATTACH_TITLE:
            file.filename = file.filename or filenames.safe(self.string(at, stop, _STRING_8))
        elif attribute == _ATTACH_PROPERTIES:
            for name, kind, first, last in self.properties(at, stop):
                self.file_property(file, name, kind, first, last, depth)

    def file_property(
        self, file: File, name: int, kind: int, first: int, last: int, depth: int
    ) -> None:
        if name == _PR_LONG_NAME or (name == _PR_NAME and not file.filename):
            file.filename = filenames.safe(self.string(first, last, kind)) or file.filename
        elif name == _PR_MIME:
            content_type = self.string(first, last, kind).lower()
            if _TYPE.fullmatch(content_type):
                file.content_type = content_type
        elif name == _PR_CID:
            file.content_id = self.string(first, last, kind).strip("<> ")[:998]
        elif name == _PR_DATA and kind == _BINARY:
            file.start, file.end = first, last
        elif name == _PR_DATA and kind == _OBJECT and last - first > 16:
            self.object(file, first + 16, last, depth)

    def object(self, file: File, first: int, last: int, depth: int) -> None:
        """An embedded mail is a stream of its own; other objects are kept as they are."""
        if self.stream[first : first + 4] != _SIGNATURE:
            file.start, file.end = first, last
            return
        inner = Contents()
        _Reader(self.stream, inner).read(first, last, depth + 1)
        self.found.messages.append(inner)
        self.found.files += inner.files[: max(0, _MOST - len(self.found.files))]

    def message_properties(self, at: int, stop: int) -> None:
        for name, kind, first, last in self.properties(at, stop):
            if name == _PR_BODY and kind in (_STRING_8, _UNICODE):
                self.found.text = self.string(first, last, kind)
            elif name == _PR_HTML:
                self.page = self.stream[first:last]
            elif name == _PR_RTF and not self.found.text:
                octets = rtf.decompress(self.stream[first:last])
                self.found.text = rtf.to_text(octets, self.charset)
            else:
                self.keep(self.values, _KEPT, name, kind, first, last)

    def keep(
        self,
        values: dict[int, mapi.Value],
        wanted: frozenset[int],
        name: int,
        kind: int,
        first: int,
        last: int,
    ) -> None:
        """Keep the value of a property that is wanted, the first one of it that can be read."""
        if name not in wanted or name in values:
            return
        if kind in (_STRING_8, _UNICODE):
            values[name] = self.string(first, last, kind)
        elif kind == _LONG:
            values[name] = self.number(first, last)
        elif kind == _MOMENT:
            moment = mapi.moment(struct.unpack_from("<Q", self.stream, first)[0])
            if moment is not None:
                values[name] = moment

    def properties(self, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """
        The properties of a MAPI list: (id, type, start, end); of several values the first.

        `self.position` is behind the list when it was read to its end, else -1.
        """
        self.position = -1
        count = self.number(position, end)
        position += 4
        for _ in range(min(count, _MOST)):
            if position + 4 > end:
                return
            kind, name = struct.unpack_from("<HH", self.stream, position)
            position += 4
            if name >= 0x8000:
                position = self.after_name(position, end)
            several, kind = kind & 0x1000, kind & ~0x1000
            values = 1
            if several or kind in _VARIABLE:
                values = self.number(position, end)
                position += 4
            if values > _MOST:
                return
            for index in range(values):
                first = position + 4 if kind in _VARIABLE else position
                size = self.number(position, end) if kind in _VARIABLE else _FIXED.get(kind, -1)
                if size < 0 or first + size > end:
                    return
                if not index:
                    yield name, kind, first, first + size
                position = first + (size + 3) // 4 * 4
        self.position = position

    def after_name(self, position: int, end: int) -> int:
        """A named property has a GUID and a number or a name before its value."""
        if self.number(position + 16, end) == 0:
            return position + 24
        return position + 24 + (self.number(position + 20, end) + 3) // 4 * 4

    def number(self, position: int, end: int) -> int:
        if position + 4 > end:
            return 0
        value: int = struct.unpack_from("<I", self.stream, position)[0]
        return value

    def string(self, first: int, last: int, kind: int) -> str:
        octets = self.stream[first:last]
        if kind == _UNICODE:
            text = octets.decode("utf_16_le", "replace")
        else:
            text = charsets.decode(octets.rstrip(b"\0"), self.charset)
        return charsets.clean_text(text)
