"""Incoming mail as the conversations room takes it: read and attributed, not yet placed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.mail.message import Mailbox
from app.mail.threading import ThreadIndex


@dataclass(frozen=True, slots=True)
class Author:
    """
    Who wrote a mail, after attribution.

    Without a contact when nobody is known to have written it; a conversation that it opens gets a
    placeholder of the author's name then (E7).
    """

    name: str
    address: str
    contact_id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail within a forward, as it is shown in place of the forward."""

    topic: str
    text: str
    html: str | None
    reply_text: str
    quoted_text: str
    attachments: list[dict[str, Any]]
    truncated: list[str]  # which of these are cut


@dataclass(slots=True)
class Incoming:
    """One mail for one channel, read and attributed."""

    account_id: str
    channel_id: str
    author: Author
    sender: Mailbox  # the header From
    to: list[dict[str, str]]
    cc: list[dict[str, str]]
    bystanders: tuple[Mailbox, ...]  # people in To and Cc who are not the channel itself
    subject: str
    text: str
    html: str | None
    reply_text: str
    quoted_text: str
    attachments: list[dict[str, Any]]
    truncated: list[str]  # which of texts, attachments, to and cc are cut
    message_id: str
    mentioned: tuple[str, ...]
    in_reply_to: str | None
    mail_class: str
    report: dict[str, Any] | None
    attribution: dict[str, Any]
    authentication: dict[str, Any]
    raw_digest: str
    sent_at: datetime | None
    received_at: datetime
    opens: bool  # may it open a conversation? (F1: only what a person wrote)
    trusted: bool  # false: the author is contradicted and joins nothing unseen
    reopen_window_days: int | None = None  # closed for longer: a follow-up instead (G2)
    teammate: Author | None = None  # who of the team sent it; the team address has no user id
    is_comment: bool = False  # the teammate's own words, nothing forwarded (E4)
    comment: str = ""  # the teammate's words above what is forwarded
    written_to: tuple[Mailbox, ...] = ()  # people outside in To and Cc of what the team has sent
    addressee: Author | None = None  # the only one in To of a teammate's own words
    forwarded: Forwarded | None = None  # what the team forwards, by hand or by a rule
    becomes_contact: bool = False  # the author is a person outside, known by address
    thread_index: ThreadIndex | None = None
    routes: bool = False  # the channel assigns new conversations by rule
    has_tickets: bool = False  # … and opens tickets, or has a time in which to answer
    led_to: str | None = None  # the conversation whose reply address it was sent to
    answers: tuple[str, ...] = ()  # messages of ours that it answers, by signed ids

    @property
    def scope(self) -> str:
        """Within which Message-IDs are compared: the channel."""
        return f"{self.account_id}/{self.channel_id}"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of an incoming mail."""

    message_id: str
    conversation_id: str | None
    duplicate: bool
