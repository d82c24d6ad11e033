"""
Large replies are written before their transaction: composed, signed, put into the store, read.

To make base64 of 25 MB and to sign it takes a good part of a second, and whoever writes meanwhile
holds the account, on SQLite everybody. So a reply is planned and written first, and planned again
within its transaction: if it is the same then, those octets leave; else it is written anew there.
Deliberately not here: planning (`replying`), and what a reply does (`sending`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.domain import sender_identity
from app.domain.conversations.models import Message
from app.domain.conversations.replying import Draft, Plan, plan, refuse_answered, refuse_suppressed
from app.domain.conversations.uploading import size_of
from app.domain.sender_identity import Post, Signer, Written
from app.errors import Refusal
from app.mail import html, tokens
from app.mail.compose import Outgoing
from app.mail.message import Mail
from app.mail.parse import parse

LARGE = 512 * 1024  # octets of files

Planning = Callable[[AsyncSession], Awaitable[Plan]]


@dataclass(frozen=True, slots=True)
class Ahead:
    """
    A reply as it was written; `contents`: the octets of its uploads.

    `signers` are those of the plan: none where the hosted root's keys sign.
    """

    conversation_id: str
    message_id: str
    outgoing: Outgoing
    signers: tuple[Signer, ...]
    written: Written
    mail: Mail = field(repr=False)
    markup: str = field(repr=False)
    contents: Mapping[str, bytes] = field(repr=False)


async def write_ahead(
    database: Database,
    post: Post,
    account_id: str,
    conversation_id: str,
    draft: Draft,
    now: datetime,
    turns: asyncio.Semaphore,
) -> Ahead | None:
    """
    The reply, written but not sent; its octets lie in the store. `turns`: so many at a time.

    None where that is not worth it, or where the reply would be refused: its transaction says why.
    """

    async def planned(db: AsyncSession) -> Plan:
        found = await plan(db, post, account_id, conversation_id, draft, now)
        refuse_answered(found)
        return found

    return await write_planned(database, post, account_id, draft, now, turns, planned)


async def write_planned(
    database: Database,
    post: Post,
    account_id: str,
    draft: Draft,
    now: datetime,
    turns: asyncio.Semaphore,
    planning: Planning,
) -> Ahead | None:
    """The same for a mail that is planned in another way."""
    async with database.reading() as db:
        if await size_of(db, account_id, draft.attached) < LARGE:
            return None
    async with turns:
        return await _write(database, post, draft, now, planning)


async def _write(
    database: Database, post: Post, draft: Draft, now: datetime, planning: Planning
) -> Ahead | None:
    async with database.reading() as db:
        try:
            planned = await planning(db)
            if not draft.override_suppression:
                refuse_suppressed(planned)
            signers = planned.signers or await sender_identity.hosted_signers_at_hand(
                db, post, planned.outgoing
            )
        except Refusal:
            return None
    account_id = planned.conversation.account_id
    message_id = tokens.read_message_id(post.keys, planned.outgoing.message_id)
    if message_id is None or not signers:
        return None
    try:
        written = await sender_identity.write(post, account_id, planned.outgoing, signers, now)
        written = await sender_identity.put_ahead(post, account_id, written)
    except Refusal:
        return None
    mail, markup = await asyncio.to_thread(read, written.raw)
    files = planned.outgoing.attachments
    contents = {
        one.upload_id: file.content for one, file in zip(draft.attached, files, strict=False)
    }
    return Ahead(
        conversation_id=planned.conversation.id,
        message_id=message_id,
        outgoing=planned.outgoing,
        signers=planned.signers,
        written=written,
        mail=mail,
        markup=markup,
        contents=contents,
    )


def read(raw: bytes) -> tuple[Mail, str]:
    """The mail as its readers have it, and its HTML as it is shown."""
    mail = parse(raw)
    return mail, html.sanitise(mail.html)


async def taken_up(db: AsyncSession, planned: Plan, ahead: Ahead) -> Plan | None:
    """
    The plan with the octets written ahead, if they are what would be written now; else None.

    Under the account's lock. A message that came meanwhile has a later id: then the reply has to
    have a new one, so that the ids of a conversation's messages go by when they were put there.
    """
    as_then = replace(
        planned.outgoing, message_id=ahead.outgoing.message_id, date=ahead.outgoing.date
    )
    if as_then != ahead.outgoing or planned.signers != ahead.signers:
        return None
    conversation = planned.conversation
    later = select(Message.id).where(
        Message.account_id == conversation.account_id,
        Message.conversation_id == conversation.id,
        Message.id > ahead.message_id,
    )
    if (await db.execute(later.limit(1))).first() is not None:
        return None
    return replace(planned, outgoing=ahead.outgoing)
