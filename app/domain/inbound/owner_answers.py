"""
An owner who is away answers a notice by mail: the words go to the customer as the owner's reply.

Only where the account wants it, only with the signed token of the notice while it holds, only from
an address of that owner which authentication does not contradict, and never what a machine wrote.
The mail itself stays in the conversation as a comment. Deliberately not here: the notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, conversations, raw_mail
from app.domain.conversations import Draft, Message
from app.domain.inbound.reading import Reading
from app.domain.sender_identity import Post
from app.errors import Refusal
from app.mail import tokens
from app.mail.compose import OutgoingFile
from app.mail.message import Attachment
from app.mail.parse import read_attachment

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OwnerAnswer:
    """A person's mail that answers a notice, and the message that it has become."""

    account_id: str
    conversation_id: str
    message_id: str
    user_id: str  # whose address it came from
    trusted: bool  # authentication does not contradict that
    token: str
    reading: Reading
    raw_digest: str
    received_at: datetime


async def send(db: AsyncSession, post: Post, answer: OwnerAnswer, now: datetime) -> None:
    """
    The reply leaves after the commit; where it may not, the conversation's history says why.

    Without the account's setting nothing happens: the mail is a comment, as the notice said.
    Under the account's lock.
    """
    account = await accounts.get_account(db, answer.account_id)
    if not account.answer_by_mail:
        return
    obstacle = await _obstacle(db, post, answer)
    if obstacle is None:
        obstacle = await _reply(db, post, answer, now)
    if obstacle is not None:
        log.warning("owner_answer_not_sent", message=answer.message_id, why=obstacle)
        words = f"An answer by mail was not sent to the customer: {obstacle}"
        await conversations.note(db, answer.account_id, answer.conversation_id, words, now)


async def _reply(db: AsyncSession, post: Post, answer: OwnerAnswer, now: datetime) -> str | None:
    """None, or why the reply was refused."""
    try:
        async with db.begin_nested():
            files = await _files(db, post, answer)
            draft = Draft(text=answer.reading.reply_text, author_id=answer.user_id, files=files)
            await conversations.reply(
                db, post, answer.account_id, answer.conversation_id, draft, now
            )
    except Refusal as refusal:
        return refusal.detail
    return None


async def _obstacle(db: AsyncSession, post: Post, answer: OwnerAnswer) -> str | None:
    """Why it may not be sent, in words."""
    named = tokens.read_owner_token(post.keys, answer.token, now=answer.received_at)
    if named is None:
        return "The notice that it answers is too old."
    conversation_id, user_id = named
    if answer.user_id != user_id:
        return "The notice that it answers was for somebody else."
    if not answer.trusted:
        return "Its author could not be confirmed."
    if not await _is_place(db, answer, conversation_id):
        return "The notice that it answers was about another conversation."
    if await _came_before(db, answer):
        return "A mail with its Message-ID has come before."
    return None


async def _is_place(db: AsyncSession, answer: OwnerAnswer, conversation_id: str) -> bool:
    """Does the mail stand in this conversation, or in the one that it was merged into?"""
    wanted: str | None = conversation_id
    while wanted is not None and wanted != answer.conversation_id:
        wanted = (await conversations.get(db, answer.account_id, wanted)).merged_into
    return wanted is not None


async def _came_before(db: AsyncSession, answer: OwnerAnswer) -> bool:
    """Forwarders that change a mail make it another message; its words are sent once."""
    message = await conversations.get_message(db, answer.account_id, answer.message_id)
    twins = select(func.count()).where(
        Message.account_id == answer.account_id, Message.message_key == message.message_key
    )
    return (await db.execute(twins)).scalar_one() > 1


async def _files(db: AsyncSession, post: Post, answer: OwnerAnswer) -> tuple[OutgoingFile, ...]:
    """What came with the words; not the images of a signature."""
    wanted = [one for one in answer.reading.mail.attachments if not one.inline]
    if not wanted:
        return ()
    raw = await raw_mail.raw_of(db, post.store, answer.account_id, answer.raw_digest)
    return await asyncio.to_thread(_read, raw, wanted)


def _read(raw: bytes, wanted: Sequence[Attachment]) -> tuple[OutgoingFile, ...]:
    return tuple(
        OutgoingFile(one.filename, one.content_type, read_attachment(raw, one.locator))
        for one in wanted
    )
