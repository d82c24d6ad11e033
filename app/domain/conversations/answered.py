"""
What a reply answers: the last mails of a conversation, their ids, and the words that are quoted.

Deliberately not here: who gets the reply (`recipients`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import raw_mail
from app.domain.conversations.models import Conversation, Message
from app.errors import NotFound
from app.mail import attribution
from app.mail.bodies import referred_ids
from app.mail.compose import OutgoingFile, Quote, quote_intro, references_for, reply_subject
from app.mail.message import Headers, Mailbox
from app.mail.parse import parse, parse_headers, read_attachment
from app.mail.threading import is_made
from app.store import BlobStore

TEAMMATE = "teammate"
_LONGEST_QUOTE = 200_000  # characters; of HTML thrice as many
_IMAGES = 5 * 1024 * 1024  # octets of images that a quotation takes along


@dataclass(frozen=True, slots=True)
class History:
    """The last mails that people wrote; pending ones and machines' do not count."""

    newest: Message | None
    received: Message | None
    by_contact: Message | None

    @property
    def answered(self) -> Message | None:
        """The mail that a reply answers: the last one received, else our own last one."""
        return self.received or self.newest


@dataclass(frozen=True, slots=True)
class Parent:
    """What a reply takes over from the mail that it answers."""

    subject: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_index: str | None = None
    thread_topic: str | None = None
    reply_to: tuple[Mailbox, ...] = ()
    quote: Quote | None = None
    images: tuple[OutgoingFile, ...] = field(default=(), repr=False)


def is_forward(message: Message) -> bool:
    """Did the team forward it? Its header is then the forwarder's, not the author's (E4)."""
    seen = message.attribution
    return bool(seen and (seen["class"] == TEAMMATE or seen.get("original") is not None))


async def history_of(db: AsyncSession, conversation: Conversation) -> History:
    """The last mails of the conversation."""
    newest = await _last(db, conversation)
    received = newest
    if newest is not None and newest.direction != "incoming":
        received = await _last(db, conversation, Message.direction == "incoming")
    by_contact = received
    if received is not None and received.author_contact_id != conversation.contact_id:
        by_contact = await _last(
            db,
            conversation,
            Message.direction == "incoming",
            Message.author_contact_id == conversation.contact_id,
        )
    return History(newest, received, by_contact)


async def _last(
    db: AsyncSession, conversation: Conversation, *conditions: ColumnElement[bool]
) -> Message | None:
    statement = _mails(conversation).where(*conditions)
    found = await db.execute(statement.order_by(Message.id.desc()).limit(1))
    return found.scalar_one_or_none()


def _mails(conversation: Conversation) -> Select[Message]:
    return select(Message).where(
        Message.account_id == conversation.account_id,
        Message.conversation_id == conversation.id,
        Message.kind == "message",
        Message.mail_class == "human",
        Message.pending.is_(False),
    )


async def mails_after(
    db: AsyncSession, conversation: Conversation, message_id: str
) -> Sequence[Message]:
    """
    The mails of people behind this one, oldest first, twenty at most.

    Raises NotFound for a message that is not of this conversation.
    """
    known = await db.get(Message, (conversation.account_id, message_id))
    if known is None or known.conversation_id != conversation.id:
        raise NotFound("There is no such message in this conversation.", "messages.not_found")
    statement = _mails(conversation).where(Message.id > message_id)
    return (await db.execute(statement.order_by(Message.id).limit(20))).scalars().all()


async def parent_of(
    db: AsyncSession,
    store: BlobStore,
    conversation: Conversation,
    message: Message | None,
    *,
    quoted: bool,
) -> Parent:
    """What a reply takes over from this message; the raw mail is read once."""
    if message is None:
        return Parent(subject=conversation.subject)
    try:
        raw = await raw_mail.raw_of(db, store, message.account_id, message.raw_digest)
    except NotFound:
        raw = b""
    subject = conversation.subject if is_forward(message) else message.subject
    headers = await _headers_of(message, raw)
    return Parent(
        subject=reply_subject(subject),
        **_threading(message, headers),
        reply_to=headers.mailboxes("reply-to") if headers and not is_forward(message) else (),
        quote=quote_of(message) if quoted else None,
        images=await _images_of(message, raw) if quoted and raw else (),
    )


async def _headers_of(message: Message, raw: bytes) -> Headers | None:
    """The header that the author wrote; of a forward that of the attached mail, if there is one."""
    if not raw:
        return None
    if not is_forward(message):
        return parse_headers(raw)[0]
    mail = await asyncio.to_thread(parse, raw)
    original = attribution.find_embedded(mail)
    return original.whole.headers if original is not None and original.whole else None


def _threading(message: Message, headers: Headers | None) -> dict[str, Any]:
    """The ids of an answer (RFC 5322 3.6.4), and what Outlook threads by ([MS-OXOMSG])."""
    if headers is None:
        if is_forward(message) or not message.message_id or is_made(message.message_id):
            return {}
        earlier = (message.in_reply_to,) if message.in_reply_to else ()
        ids = references_for(message.message_id, (), earlier)
        return {"in_reply_to": message.message_id, "references": ids}
    own = (*headers.ids("message-id"), "")[0]
    topic, index = headers.text("thread-topic"), "".join(headers.value("thread-index").split())
    found: dict[str, Any] = {"thread_topic": topic or None, "thread_index": index or None}
    if own:
        references = references_for(own, headers.ids("references"), headers.ids("in-reply-to"))
        found.update(in_reply_to=own, references=references)
    return found


def quote_of(message: Message) -> Quote:
    """The message as it stands below an answer to it."""
    if message.direction == "outgoing":  # as the customer knows its author
        author = Mailbox(message.from_name, message.from_address)
    else:
        author = Mailbox(message.author_name, message.author_address)
    intro = f"{author.name or 'Somebody'} wrote:"
    if author.address:
        intro = quote_intro(author, message.sent_at or message.created_at)
    html = message.html
    if html is not None and ("html" in message.truncated or len(html) > 3 * _LONGEST_QUOTE):
        html = None
    return Quote(intro, message.text[:_LONGEST_QUOTE], html)


async def _images_of(message: Message, raw: bytes) -> tuple[OutgoingFile, ...]:
    """The images that the quoted HTML shows, so that it shows them to everybody."""
    named = referred_ids(message.html) if message.html else frozenset()
    shown = [one for one in message.attachments if one["inline"] and one["content_id"] in named]
    if not shown or sum(one["size"] for one in shown) > _IMAGES:
        return ()

    def read() -> tuple[OutgoingFile, ...]:
        return tuple(
            OutgoingFile(
                one["filename"],
                one["content_type"],
                read_attachment(raw, one["locator"]),
                one["content_id"],
                inline=True,
            )
            for one in shown
        )

    return await asyncio.to_thread(read)
