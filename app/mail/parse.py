"""
The MIME reader: the octets of a mail to the values of `message`.

Deliberately not here: what the mail means (attribution, forwards, classify, threading).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.mail import (
    bodies,
    charsets,
    dates,
    entities,
    filenames,
    html_to_text,
    mapi,
    tnef,
    transfer,
)
from app.mail.addresses import is_addr_spec
from app.mail.headers import HeaderBlock
from app.mail.message import Attachment, Headers, Mail, Mailbox, Part

_NOBODY = Mailbox("", "")
_LONGEST_SUBJECT = 2000
_STEP = re.compile(r"(\d{1,12})-(\d{1,12});([^/]{0,100})")


def parse(raw: bytes) -> Mail:
    """The mail as it is understood. Never raises; the time is near linear in `len(raw)`."""
    defects: list[str] = []
    root = entities.read(raw, defects)
    return _mail(root, defects)


def embedded_mail(part: Part) -> Mail:
    """The mail that a message/rfc822 part holds, read as `parse` reads the outer one."""
    return _mail(part.children[0], [])


def mail_in_file(part: Part) -> Mail | None:
    """
    The mail that a part holds as a file, under a type that does not say so; None: it is none.

    Without an address in From it is none: what follows the header is not read then.
    """
    root = entities.read_file(part)
    if root is None or not is_addr_spec(_sender(root.headers).address):
        return None
    return _mail(root, [])


def parse_headers(raw: bytes) -> tuple[Headers, int]:
    """The header block of a mail and the offset of its body."""
    stop, body = entities.split_headers(raw, 0, len(raw))
    return HeaderBlock(raw[:stop]), body


def walk(part: Part) -> Iterator[Part]:
    """The part and everything within it, embedded mails too, in the order of the mail."""
    waiting = [part]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(found.children))


def decode_part(part: Part) -> bytes:
    """The content of a part with its transfer encoding taken off. Never raises."""
    return bodies.part_octets(part)


def decode_part_text(part: Part) -> str:
    """The text of a part, whatever its charset; without control characters. Never raises."""
    return bodies.part_text(part)


def read_attachment(raw: bytes, locator: str) -> bytes:
    """The octets of an attachment that `parse` found in the same raw mail."""
    octets = raw
    for step in locator.split("/"):
        match = _STEP.fullmatch(step)
        if match is None:
            return b""
        octets = transfer.decode(octets[int(match[1]) : int(match[2])], match[3])
    return octets


def _mail(root: Part, defects: list[str]) -> Mail:
    headers = root.headers
    contents = _Contents(bodies.arrange(root))
    return Mail(
        headers=headers,
        root=root,
        sender=_sender(headers),
        reply_to=headers.mailboxes("reply-to"),
        to=headers.mailboxes("to"),
        cc=headers.mailboxes("cc"),
        subject=headers.text("subject")[:_LONGEST_SUBJECT],
        message_id=(*headers.ids("message-id"), "")[0],
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        date=dates.parse_date(headers.value("date")),
        text=contents.text,
        html=contents.html,
        attachments=tuple(contents.attachments()),
        in_outlook=tuple(contents.in_outlook()),
        defects=tuple(dict.fromkeys(defects)),
    )


def _sender(headers: Headers) -> Mailbox:
    senders = headers.mailboxes("from")
    return next((box for box in senders if "@" in box.address), (*senders, _NOBODY)[0])


class _Contents:
    """The words of a mail and its attachments, those within texts and winmail.dat too."""

    def __init__(self, arrangement: bodies.Arrangement) -> None:
        self.files = arrangement.files
        self.in_texts: list[Attachment] = []
        self.in_tnef: dict[int, tnef.Contents] = {}
        texts = {
            id(part): self.words(part)
            for block in arrangement.blocks
            for part in (*block.plain, *block.html)
        }
        self.text = bodies.join_text(arrangement.blocks, texts)
        self.html = bodies.join_html(arrangement.blocks, texts)
        for part in self.files:
            if part.content_type in tnef.CONTENT_TYPES or part.filename.lower() == "winmail.dat":
                self.unpack(part)

    def words(self, part: Part) -> str:
        octets = bodies.part_octets(part)
        if b"begin" in octets and part.content_type != "text/html":
            octets = self.without_uuencoded(part, octets)
        return bodies.text_of(octets, part)

    def without_uuencoded(self, part: Part, octets: bytes) -> bytes:
        """Take the uuencoded files out of a text."""
        pieces, position = [], 0
        for start, end, lines, name in transfer.find_uu(octets):
            filename = filenames.safe(charsets.clean_line(charsets.decode(name)))
            size = len(transfer.decode_uu(octets, lines, end))
            locator = f"{part.locator}/{start}-{end};uuencode"
            self.in_texts.append(
                Attachment(filename, "application/octet-stream", size, False, "", locator)
            )
            pieces.append(octets[position:start])
            position = end
        return b"".join((*pieces, octets[position:]))

    def unpack(self, part: Part) -> None:
        contents = tnef.read(bodies.part_octets(part))
        self.in_tnef[id(part)] = contents
        if not self.text.strip():
            self.html = self.html or contents.html[: bodies.LONGEST_HTML]
            text = contents.text or html_to_text.to_text(contents.html)
            self.text = text[: bodies.LONGEST_TEXT]

    def attachments(self) -> list[Attachment]:
        if not self.files and not self.in_texts:
            return []
        shown = bodies.referred_ids(self.html)
        found = []
        for part in self.files:
            inner = self.in_tnef.get(id(part))
            if inner is None or inner.messages or not inner.files:
                found.append(_attachment(part, shown))
            if inner is not None:
                found += [_from_tnef(part, file, shown) for file in inner.files]
        return found + self.in_texts

    def in_outlook(self) -> Iterator[Mail]:
        for part in self.files:
            if id(part) in self.in_tnef:
                yield from _mails_in(part, self.in_tnef[id(part)])


def _mails_in(part: Part, contents: tnef.Contents) -> Iterator[Mail]:
    """The mails that stand attached in the winmail.dat `part`, which is the root of each."""
    for one in contents.messages:
        if one.letter is not None:
            yield _outlook_mail(part, one, one.letter)


def _outlook_mail(part: Part, contents: tnef.Contents, letter: mapi.Letter) -> Mail:
    """What came by SMTP has its header still, which says more than the properties do."""
    headers = HeaderBlock(letter.headers.encode("utf-8", "replace"))
    html = contents.html[: bodies.LONGEST_HTML]
    text = contents.text or html_to_text.to_text(html)
    shown = bodies.referred_ids(html)
    senders = headers.mailboxes("from")
    return Mail(
        headers=headers,
        root=part,
        sender=next((box for box in senders if "@" in box.address), letter.author),
        reply_to=headers.mailboxes("reply-to"),
        to=headers.mailboxes("to") or letter.to,
        cc=headers.mailboxes("cc") or letter.cc,
        subject=(letter.subject or headers.text("subject"))[:_LONGEST_SUBJECT],
        message_id=(*headers.ids("message-id"), letter.message_id)[0],
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        date=dates.parse_date(headers.value("date")) or letter.sent_at,
        text=text[: bodies.LONGEST_TEXT],
        html=html,
        attachments=tuple(_from_tnef(part, file, shown) for file in contents.files),
        in_outlook=tuple(_mails_in(part, contents)),
    )


def _from_tnef(part: Part, file: tnef.File, shown: frozenset[str]) -> Attachment:
    return Attachment(
        filename=file.filename,
        content_type=file.content_type,
        size=file.end - file.start,
        inline=bool(file.content_id) and file.content_id in shown,
        content_id=charsets.clean_line(file.content_id),
        locator=f"{part.locator}/{file.start}-{file.end};",
    )


def _attachment(part: Part, shown: frozenset[str]) -> Attachment:
    filename = part.filename
    if not filename and part.content_type in entities.EMBEDDED and part.children:
        subject = part.children[0].headers.text("subject").replace("/", "-").replace("\\", "-")
        filename = filenames.safe(f"{subject[:150] or 'message'}.eml")
    body = part.body
    if part.encoding == "base64":
        size = transfer.size_of_base64(body)
    else:
        size = len(transfer.decode(body, part.encoding))
    return Attachment(
        filename=filename,
        content_type=part.content_type,
        size=size,
        inline=bool(part.content_id) and part.content_id in shown,
        content_id=charsets.clean_line(part.content_id),
        locator=part.locator,
    )
