"""
The mail of an `Outgoing`: its header, its words in text and HTML, its files.

Deliberately not here: signing (`app.mail.dkim`) and the envelope sender (`app.mail.tokens`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from email.utils import format_datetime

from app.errors import invalid_field
from app.mail.addresses import canonical
from app.mail.bodies import referred_ids
from app.mail.compose import fields, parts, replies
from app.mail.compose.markup import html_of_text
from app.mail.compose.values import Composed, Outgoing, OutgoingFile
from app.mail.message import Mailbox

NO_RECIPIENT = "compose.no_recipient"
_SEPARATOR = "-- "  # RFC 3676 4.3
# Written from the other values; Bcc is never written.
_OURS = frozenset(
    "from to cc bcc reply-to subject date message-id in-reply-to references mime-version "
    "thread-index thread-topic sender return-path received dkim-signature".split()
)
_LONGEST_THREAD_INDEX = 700


def compose(outgoing: Outgoing) -> Composed:
    """
    The mail, octet for octet as it will be sent.

    Refused with Invalid: an address that no mail can be sent to (`compose.bad_address`), no
    recipient (`compose.no_recipient`), a control character in a value that would end a field
    (`compose.bad_header`). In subject and names such characters become blanks.
    """
    people = _People(outgoing)
    html, shown, attached = _words_and_files(outgoing)
    body = parts.multipart(
        "alternative",
        _boundary("a", outgoing),
        [parts.text_part("plain", _text(outgoing)), parts.text_part("html", html)],
    )
    if shown:
        images = [parts.file_part(file, shown=True) for file in shown]
        body = parts.multipart(
            "related", _boundary("r", outgoing), [body, *images], root_type="multipart/alternative"
        )
    if attached:
        files = [parts.file_part(file, shown=False) for file in attached]
        body = parts.multipart("mixed", _boundary("m", outgoing), [body, *files])
    head = "".join(_header(outgoing, people))
    return Composed(
        raw=head.encode("utf-8") + body,
        needs_smtputf8=not all(box.address.isascii() for box in people.everybody),
        envelope_recipients=people.envelope_recipients(),
    )


class _People:
    """Everybody the mail names, with addresses that can be sent to."""

    def __init__(self, outgoing: Outgoing) -> None:
        self.from_ = fields.sendable(outgoing.from_, "/from")
        self.to = _sendable(outgoing.to, "/to")
        self.cc = _sendable(outgoing.cc, "/cc")
        self.bcc = _sendable(outgoing.bcc, "/bcc")
        reply_to = outgoing.reply_to
        self.reply_to = fields.sendable(reply_to, "/reply_to") if reply_to else None
        if not (self.to or self.cc or self.bcc):
            raise invalid_field("/to", "A mail needs a recipient.", NO_RECIPIENT)

    @property
    def everybody(self) -> tuple[Mailbox, ...]:
        others = (self.reply_to,) if self.reply_to else ()
        return (self.from_, *self.to, *self.cc, *self.bcc, *others)

    def envelope_recipients(self) -> tuple[str, ...]:
        once: dict[str, str] = {}
        for box in (*self.to, *self.cc, *self.bcc):
            once.setdefault(canonical(box.address), box.address)
        return tuple(once.values())


def _sendable(boxes: Iterable[Mailbox], pointer: str) -> tuple[Mailbox, ...]:
    return tuple(fields.sendable(box, f"{pointer}/{number}") for number, box in enumerate(boxes))


def _header(outgoing: Outgoing, people: _People) -> Iterable[str]:
    yield fields.mailboxes("From", (people.from_,))
    if people.to:
        yield fields.mailboxes("To", people.to)
    elif not people.cc:
        yield "To: undisclosed-recipients:;\r\n"
    if people.cc:
        yield fields.mailboxes("Cc", people.cc)
    if people.reply_to:
        yield fields.mailboxes("Reply-To", (people.reply_to,))
    yield fields.unstructured("Subject", outgoing.subject)
    yield f"Date: {format_datetime(outgoing.date)}\r\n"
    yield f"Message-ID: <{fields.own_id(outgoing.message_id, '/message_id')}>\r\n"
    yield from _threading(outgoing)
    for number, (name, value) in enumerate(outgoing.headers):
        pointer = f"/headers/{number}"
        if name.lower() in _OURS or name.lower().startswith("content-"):
            raise invalid_field(pointer, "This header field is written by us.", fields.BAD_HEADER)
        yield fields.further(name, value, pointer)
    yield "MIME-Version: 1.0\r\n"


def _threading(outgoing: Outgoing) -> Iterable[str]:
    answered = fields.writable_ids((outgoing.in_reply_to or "",))
    if answered:
        yield fields.message_ids("In-Reply-To", answered)
    references = replies.trimmed(fields.writable_ids(outgoing.references))
    if references:
        yield fields.message_ids("References", references)
    if outgoing.thread_topic:
        yield fields.unstructured("Thread-Topic", outgoing.thread_topic)
    if outgoing.thread_index and _is_thread_index(outgoing.thread_index):
        yield f"Thread-Index: {outgoing.thread_index}\r\n"


def _is_thread_index(value: str) -> bool:
    """Outlook's conversation index: 22 octets, and 5 more for every answer, in base64."""
    if len(value) > _LONGEST_THREAD_INDEX or not value.isascii():
        return False
    try:
        return len(base64.b64decode(value, validate=True)) >= 22
    except binascii.Error:
        return False


def _text(outgoing: Outgoing) -> str:
    blocks = [outgoing.text.rstrip()]
    if outgoing.signature and outgoing.signature.text.strip():
        blocks.append(f"{_SEPARATOR}\n{outgoing.signature.text.strip()}")
    if outgoing.quote:
        blocks.append(replies.quote_text(outgoing.quote.text, outgoing.quote.intro))
    return "\n\n".join(blocks)


def _words_and_files(
    outgoing: Outgoing,
) -> tuple[str, list[OutgoingFile], list[OutgoingFile]]:
    """The HTML, the images that it shows, and the other files."""
    html = _html(outgoing)
    for number, file in enumerate(outgoing.attachments):
        if file.content_id and not fields.is_writable_id(file.content_id):
            pointer = f"/attachments/{number}/content_id"
            raise invalid_field(pointer, "This cannot be a Content-ID.", fields.BAD_HEADER)
    named = referred_ids(html) if any(file.inline for file in outgoing.attachments) else ()
    shown: list[OutgoingFile] = []
    attached: list[OutgoingFile] = []
    for file in outgoing.attachments:
        (shown if file.inline and file.content_id in named else attached).append(file)
    return html, shown, attached


def _html(outgoing: Outgoing) -> str:
    blocks = [html_of_text(outgoing.text.rstrip()) if outgoing.html is None else outgoing.html]
    signature, quote = outgoing.signature, outgoing.quote
    if signature and (signature.html or signature.text.strip()):
        of_it = signature.html or html_of_text(signature.text.strip())
        blocks.append(f"<div>{_SEPARATOR}<br>\n{of_it}</div>")
    if quote and quote.html:
        blocks.append(replies.quote_html(quote.html, quote.intro))
    elif quote:
        blocks.append(replies.quote_html_of_text(quote.text, quote.intro))
    return "<!DOCTYPE html>\n<html><body>\n{}\n</body></html>".format("\n<br>\n".join(blocks))


def _boundary(letter: str, outgoing: Outgoing) -> str:
    """A boundary made of the Message-ID: the same mail is the same octets whenever it is made."""
    facts = f"{outgoing.message_id}\n{outgoing.date.isoformat()}"
    return f"=_{letter}_{hashlib.sha256(facts.encode('utf-8', 'replace')).hexdigest()[:24]}"
