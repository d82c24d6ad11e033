"""
The MIME reader: the octets of a mail to the values of `message`.

Deliberately not here: what the mail means (attribution, forwards, classify, threading).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.mail import bodies, charsets, dates, entities, filenames, transfer
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
    arrangement = bodies.arrange(root)
    texts = {
        id(part): bodies.part_text(part)
        for block in arrangement.blocks
        for part in (*block.plain, *block.html)
    }
    html = bodies.join_html(arrangement.blocks, texts)
    senders = headers.mailboxes("from")
    return Mail(
        headers=headers,
        root=root,
        sender=next((box for box in senders if "@" in box.address), (*senders, _NOBODY)[0]),
        reply_to=headers.mailboxes("reply-to"),
        to=headers.mailboxes("to"),
        cc=headers.mailboxes("cc"),
        subject=headers.text("subject")[:_LONGEST_SUBJECT],
        message_id=(*headers.ids("message-id"), "")[0],
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        date=dates.parse_date(headers.value("date")),
        text=bodies.join_text(arrangement.blocks, texts),
        html=html,
        attachments=_attachments(arrangement.files, html),
        defects=tuple(dict.fromkeys(defects)),
    )


def _attachments(files: list[Part], html: str) -> tuple[Attachment, ...]:
    if not files:
        return ()
    shown = bodies.referred_ids(html)
    return tuple(_attachment(part, shown) for part in files)


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
        locator=f"{part.origin}{part.start}-{part.end};{part.encoding.replace('/', '')}",
    )
