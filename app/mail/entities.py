"""
The tree of MIME entities (RFC 2045, 2046), read by offsets in the raw mail.

Nothing is copied but the header blocks. Depth and number of parts are bounded: what lies deeper
is a part without children, what comes after the last part allowed stays unread in the raw mail.

Deliberately not here: which part is the text and which is an attachment (`bodies`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.mail import filenames, parameters, transfer
from app.mail.headers import HeaderBlock
from app.mail.message import Part

DEEPEST = 64
MOST_PARTS = 1000
_LONGEST_BOUNDARY = 4096
EMBEDDED = frozenset(("message/rfc822", "message/global", "message/news"))

_AFTER_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_NO_FIELD = re.compile(rb"^(?![ \t]|[!-9;-~]+[ \t]*:|>?From |\r?\n|\r?\Z)", re.MULTILINE)
_NO_COLON = re.compile(rb"^(?![ \t\r\n])[^:\r\n]+\r?$", re.MULTILINE)
_KNOWN_FIELD = re.compile(
    rb"^(?:from|to|cc|subject|date|message-id|mime-version|received|reply-to|sender|return-path|"
    rb"content-[a-z-]{2,30}|x-[!-9;-~]{1,60}|dkim-signature|references|in-reply-to)[ \t]*:",
    re.MULTILINE | re.IGNORECASE,
)
_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]{0,10}:")
_BESIDE_FROM = ("date", "subject", "to", "message-id", "received")
_MBOX_LINE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t]*\r?\n)*(?:>?From (?![ \t]*:)[^\r\n]*(?:\r\n|\n|\r))?"
)
_GUESSED_BOUNDARY = re.compile(
    rb"^--([^\s].{0,200}?)[ \t]{0,20}\r?\n(?:content-[a-z-]+:|\r?\n)", re.MULTILINE | re.IGNORECASE
)
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))
_USUAL_ENCODINGS = frozenset(("7bit", "8bit", "base64", "quoted-printable"))
_NOT_TOKEN = re.compile(r"[^a-z0-9_-]+")
_ENCODING_NAMES = {
    "quoted_printable": "quoted-printable",
    "quotedprintable": "quoted-printable",
    "quoted-printeable": "quoted-printable",
    "qp": "quoted-printable",
    "base-64": "base64",
    "base_64": "base64",
    "b64": "base64",
}


@dataclass(slots=True)
class _Progress:
    """What all readers of one mail share."""

    defects: list[str]
    parts: int = 0


def read(raw: bytes, defects: list[str]) -> Part:
    """The root of a mail; `defects` is added to."""
    return _Reader(raw, "", _Progress(defects)).root(0)


def read_file(part: Part) -> Part | None:
    """The root of the mail that a file holds, whatever its type says; None when it holds none."""
    octets = transfer.decode(part.body, part.encoding)
    lead = _MBOX_LINE.match(octets)
    if lead is None or not _FIELD.match(octets, lead.end()):
        return None
    root = _Reader(octets, _step(part), _Progress([])).root(0)
    known = "from" in root.headers and any(name in root.headers for name in _BESIDE_FROM)
    return root if known else None


def split_headers(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header block ends and where the body begins (RFC 5322 2.1)."""
    if raw.startswith(b"\n", start, end):
        return start, start + 1
    if raw.startswith(b"\r\n", start, end):
        return start, start + 2
    blank = raw.find(b"\n\r\n", start, end)
    bare = raw.find(b"\n\n", start, end if blank < 0 else blank + 1)
    if bare >= 0:
        stop, body = bare + 1, bare + 2
    elif blank >= 0:
        stop, body = blank + 1, blank + 3
    else:
        bare = raw.find(b"\r\r", start, end)
        stop, body = (bare, bare + 2) if bare >= 0 else (end, end)
    return _without_body_lines(raw, start, stop, body)


def _without_body_lines(raw: bytes, start: int, stop: int, body: int) -> tuple[int, int]:
    """Move the end up to a line that cannot be a field, when no known field comes after it."""
    bad = _NO_FIELD.search(raw, start, stop)
    if bad is None or bad.start() >= stop or _KNOWN_FIELD.search(raw, bad.start(), stop):
        return stop, body
    if not _NO_COLON.search(raw, bad.start(), stop):
        return stop, body  # fields with strange names
    return bad.start(), bad.start()


class _Reader:
    """Reads one run of octets; what had to be decoded first is read by a reader of its own."""

    def __init__(self, raw: bytes, origin: str, progress: _Progress) -> None:
        self.raw = raw
        self.origin = origin
        self.progress = progress
        self.defects = progress.defects

    def root(self, depth: int) -> Part:
        start = 0
        lead = _MBOX_LINE.match(self.raw)
        if lead is not None and lead.end() < len(self.raw):
            start = lead.end()
        return self.entity(start, len(self.raw), depth, "text/plain", "")

    def entity(self, start: int, end: int, depth: int, default: str, charset: str) -> Part:
        self.progress.parts += 1
        stop, body = split_headers(self.raw, start, end)
        headers = HeaderBlock(self.raw[start:stop])
        part = _described(headers, default, charset, self.raw, min(body, end), end)
        part.origin = self.origin
        if part.content_type.startswith("multipart/"):
            self.multipart(part, depth)
        elif part.content_type in EMBEDDED:
            self.embedded(part, depth)
        return part

    def multipart(self, part: Part, depth: int) -> None:
        if depth >= DEEPEST:
            self.defects.append("multiparts nested too deeply were left unread")
            return
        boundary = part.parameters.get("boundary", "")
        spans = self.spans(boundary, part.start, part.end) if boundary else []
        if not spans:
            spans = self.spans_without_boundary(part)
        if not spans:
            self.not_a_multipart(part, depth)
            return
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        charset = part.parameters.get("charset", "")
        children = []
        for start, end in spans:
            if self.progress.parts >= MOST_PARTS:
                self.defects.append(f"only the first {MOST_PARTS} parts were read")
                break
            children.append(self.entity(start, end, depth + 1, default, charset))
        part.children = tuple(children)

    def not_a_multipart(self, part: Part, depth: int) -> None:
        """No delimiter line at all: encoded against RFC 2045 6.4, or just a text."""
        if part.encoding not in _IDENTITY and self.progress.parts < MOST_PARTS:
            inner = transfer.decode(part.body, part.encoding)
            boundary = part.parameters.get("boundary", "").encode("utf-8", "surrogateescape")
            if boundary and b"--" + boundary in inner:
                self.defects.append("a multipart was itself encoded")
                body = replace(part, raw=inner, start=0, end=len(inner), encoding="")
                _Reader(inner, _step(part), self.progress).multipart(body, depth + 1)
                part.children = body.children
                return
        self.defects.append("a multipart without its boundary was read as plain text")
        part.content_type = "text/plain"

    def spans_without_boundary(self, part: Part) -> list[tuple[int, int]]:
        guess = _GUESSED_BOUNDARY.search(self.raw, part.start, min(part.end, part.start + 100_000))
        if guess is None:
            return []
        self.defects.append("the boundary of a multipart was guessed")
        return self.spans(guess[1].decode("utf-8", "surrogateescape"), part.start, part.end)

    def spans(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """The octet ranges of the parts between the delimiter lines (RFC 2046 5.1.1)."""
        raw = self.raw
        mark = b"--" + boundary[:_LONGEST_BOUNDARY].encode("utf-8", "surrogateescape")
        found: list[tuple[int, int]] = []
        opened, position = -1, start
        while (at := raw.find(mark, position, end)) >= 0:
            position = at + len(mark)
            if at > start and raw[at - 1] not in b"\r\n":
                continue
            tail = _AFTER_BOUNDARY.match(raw, position, end)
            if tail is None:
                continue
            if opened >= 0:
                found.append((opened, max(opened, _before_line_end(raw, at, start))))
            opened = -1 if tail[1] else tail.end()
            position = max(tail.end() - 1, position)
            if len(found) > MOST_PARTS:
                return found
        if opened >= 0 and (opened < end or not found):
            self.defects.append("a multipart without its closing boundary")
            found.append((opened, end))
        return found

    def embedded(self, part: Part, depth: int) -> None:
        if depth >= DEEPEST or self.progress.parts >= MOST_PARTS or part.start >= part.end:
            return
        if part.encoding in _IDENTITY:
            start = part.start
            lead = _MBOX_LINE.match(self.raw, start, part.end)
            if lead is not None and lead.end() < part.end:
                start = lead.end()
            part.children = (self.entity(start, part.end, depth + 1, "text/plain", ""),)
            return
        inner = transfer.decode(part.body, part.encoding)
        if inner:
            part.children = (_Reader(inner, _step(part), self.progress).root(depth + 1),)


def _step(part: Part) -> str:
    return f"{part.origin}{part.start}-{part.end};{part.encoding}/"


def _before_line_end(raw: bytes, at: int, start: int) -> int:
    """The line break before a delimiter belongs to the delimiter (RFC 2046 5.1.1)."""
    if at - 1 >= start and raw[at - 1] == 10:
        at -= 1
        return at - 1 if at - 1 >= start and raw[at - 1] == 13 else at
    return at - 1 if at - 1 >= start and raw[at - 1] == 13 else at


def _described(
    headers: HeaderBlock, default: str, charset: str, raw: bytes, start: int, end: int
) -> Part:
    value = headers.value("content-type")
    content_type, found = parameters.parse(value) if value else (default, _NONE)
    if content_type != "text/plain":
        content_type = _content_type(content_type, default, found)
    if charset and "charset" not in found and content_type.startswith("text/"):
        found = {**found, "charset": charset}
    disposition, filename = "", ""
    value = headers.value("content-disposition")
    if value:
        disposition, of_disposition = parameters.parse(value)
        if disposition and disposition != "inline":
            disposition = "attachment"  # RFC 2183, 2.8
        filename = of_disposition.get("filename") or of_disposition.get("name", "")
    if not filename:
        filename = found.get("name") or found.get("filename", "")
    encoding = headers.value("content-transfer-encoding")
    content_id = headers.value("content-id")
    return Part(
        headers=headers,
        content_type=content_type,
        parameters=found,
        disposition=disposition,
        filename=filenames.safe(filename) if filename else "",
        content_id=content_id.strip(" <>")[:998] if content_id else "",
        encoding=_encoding(encoding) if encoding else "",
        raw=raw,
        start=start,
        end=end,
    )


_NONE: Mapping[str, str] = {}
_TYPE = re.compile(r"[!-.0-~]{1,100}/[!-.0-~]{1,150}")


def _content_type(found: str, default: str, of_type: Mapping[str, str]) -> str:
    """A type of two tokens; what is none is read as RFC 2045 5.2 asks, as plain text."""
    if _TYPE.fullmatch(found):
        return found
    tight = re.sub(r"\s+", "", found)
    if _TYPE.fullmatch(tight) and "=" not in tight:
        return tight
    first = (found.split() or [""])[0].strip(",;/")
    if _TYPE.fullmatch(first):
        return first
    if "boundary" in of_type:
        return "multipart/mixed"
    if "html" in first:
        return "text/html"
    if not first or first.startswith("text"):
        return default
    return "application/octet-stream" if "name" in of_type else default


def _encoding(value: str) -> str:
    value = value.lower()
    if value in _USUAL_ENCODINGS:
        return value
    value = _NOT_TOKEN.sub(" ", value).strip().split(" ", 1)[0]
    return _ENCODING_NAMES.get(value, value)[:40]
