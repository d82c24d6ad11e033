"""
What is to be sent, and the mail that was made of it.

Deliberately not here: how it is written (`writing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.mail.message import Mailbox


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """
    A file that goes with a mail.

    `inline` files are shown within the HTML, which refers to them by `cid:` and `content_id`
    (without angle brackets); one that the HTML does not name goes as an ordinary attachment.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands below the words of every mail of a channel; `html` is clean."""

    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The mail that is answered: a line that says whose it is, its words, its clean HTML."""

    intro: str
    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    A mail to be written. Ids are without angle brackets, `html` is clean already.

    Without `html` it is made of `text`. `bcc` stand in the envelope only. `headers` are further
    fields, such as Auto-Submitted, in their order.
    """

    from_: Mailbox
    to: tuple[Mailbox, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    reply_to: Mailbox | None = None
    html: str | None = None
    attachments: tuple[OutgoingFile, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_index: str | None = None
    thread_topic: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    signature: Signature | None = None
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """
    A mail as it will be sent: CRLF line ends, lines of at most 998 octets, 7-bit but for what
    only SMTPUTF8 (RFC 6531) can carry.
    """

    raw: bytes
    needs_smtputf8: bool
    envelope_recipients: tuple[str, ...]  # To, Cc and Bcc, each once; domains as A-labels

    @property
    def size(self) -> int:
        """Octets, as declared with SIZE (RFC 1870)."""
        return len(self.raw)
