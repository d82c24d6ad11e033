"""
The values that a parsed mail consists of.

Deliberately not here: how they are read from bytes (`parse`, `headers`, `addresses`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person in a header field: display name and addr-spec (RFC 5322, 3.4); `""` when absent."""

    name: str
    address: str


class Headers(Protocol):
    """One header block; names are matched without case; decoding never raises."""

    def __contains__(self, name: object) -> bool: ...

    def names(self) -> list[str]:
        """The names of all fields in their order, lower case."""

    def value(self, name: str) -> str:
        """The first field of this name, unfolded, RFC 2047 words left alone; `""` when absent."""

    def values(self, name: str) -> list[str]:
        """Every field of this name as `value` gives it, in their order."""

    def text(self, name: str) -> str:
        """The first field as a person reads it: unfolded, RFC 2047 decoded, without controls."""

    def texts(self, name: str) -> list[str]:
        """Every field of this name as `text` gives it."""

    def mailboxes(self, name: str) -> tuple[Mailbox, ...]:
        """The mailboxes of all fields of this name (groups flattened), RFC 2047 decoded."""

    def ids(self, name: str) -> tuple[str, ...]:
        """The Message-IDs in the first field of this name, without angle brackets."""


@dataclass(slots=True)
class Part:
    """
    A MIME entity (RFC 2045).

    `body` is the undecoded content as it stands in the raw mail; `start` and `end` are its octet
    offsets there. A multipart has its parts as `children`; a message/rfc822 has the embedded
    mail's root as its single child (`children[0].headers` are the embedded mail's headers).
    """

    headers: Headers
    content_type: str  # "text/plain", lower case
    parameters: Mapping[str, str]  # of Content-Type, names in lower case, RFC 2231 and 2047 decoded
    disposition: str  # "inline", "attachment" or ""
    filename: str  # safe to show; "" when there is none
    content_id: str  # without angle brackets
    encoding: str  # Content-Transfer-Encoding, lower case, "" when absent
    raw: bytes  # the whole mail; for what stood encoded within it, the decoded octets
    start: int
    end: int
    children: tuple[Part, ...] = ()
    origin: str = ""  # locator of `raw` in the received mail when it had to be decoded

    @property
    def body(self) -> bytes:
        """The content with its transfer encoding still on."""
        return self.raw[self.start : self.end]

    @property
    def locator(self) -> str:
        """How its octets are found again in the received mail."""
        return f"{self.origin}{self.start}-{self.end};{self.encoding}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; `locator` finds its octets in the raw mail again."""

    filename: str
    content_type: str
    size: int  # octets, decoded
    inline: bool  # shown within the HTML, which refers to it
    content_id: str
    locator: str


@dataclass(slots=True)
class Mail:
    """A mail as it was understood; every field is safe to store (no NUL, no lone surrogates)."""

    headers: Headers
    root: Part
    sender: Mailbox  # the header From as received (first mailbox); not Sender
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    message_id: str  # without angle brackets; "" when there is none
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None  # aware, UTC
    text: str  # plain text for people; made from the HTML when there is no text part
    html: str  # as received, not sanitised; "" when there is none
    attachments: tuple[Attachment, ...] = ()
    in_outlook: tuple[Mail, ...] = ()  # mails attached to it within a winmail.dat (their `root`)
    defects: tuple[str, ...] = field(default=())  # what was broken and how it was read, in words
