"""
Notices: an owner who is away is sent the message of a conversation that became his (H3).

Once a conversation, a bounded number an hour, and never to an address that is one of our own: the
notice would come back as mail. An answer to it arrives at the channel, where it is a comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import insert_new
from app.domain import channels, sender_identity
from app.domain.channels import ChannelFacts
from app.domain.conversations.known import MESSAGES, THREAD_IDS
from app.domain.conversations.models import OwnerNotice
from app.domain.routing import Person
from app.domain.sender_identity import Mailing, Post
from app.errors import Refusal
from app.mail import tokens
from app.mail.addresses import canonical
from app.mail.compose import Outgoing
from app.mail.message import Mailbox
from app.mail.threading import key_of

log = structlog.get_logger()

AN_HOUR = 30  # notices that one owner gets
_TEXT_LIMIT = 50_000  # characters of the message
_HEADERS = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))


async def send_later(
    db: AsyncSession, post: Post, conversation: Mapping[str, Any], owner: Person, now: datetime
) -> None:
    """
    The owner's mail leaves after the commit. Nothing is sent where it may not be.

    A notice that cannot be written costs nothing else: the conversation is the owner's all the
    same. Of the conversation, id, account, channel and subject count.
    """
    account_id, channel_id = conversation["account_id"], conversation["channel_id"]
    facts = await channels.facts_of(db, account_id, channel_id)
    if await _is_ours(db, post, facts, owner.email):
        return
    if not await _may_be_sent(db, account_id, conversation["id"], owner.user_id, now):
        return
    try:
        async with db.begin_nested():
            await _dispatch(db, post, facts, conversation, owner, now)
    except (Refusal, ValueError) as fault:
        log.warning("owner_not_told", conversation=conversation["id"], exc_info=fault)


async def _is_ours(db: AsyncSession, post: Post, facts: ChannelFacts, email: str) -> bool:
    address = canonical(email)
    domain = address.rpartition("@")[2]
    hosted = any(domain == root or domain.endswith(f".{root}") for root in _roots(post))
    key = (facts.account_id, address)
    return (
        hosted
        or address in facts.own_addresses
        or bool(await channels.addresses_among(db, [key]))
        or bool(await channels.owners_of(db, [address]))
    )


def _roots(post: Post) -> tuple[str, str]:
    return post.roots.paid.lower(), post.roots.free.lower()


async def _may_be_sent(
    db: AsyncSession, account_id: str, conversation_id: str, user_id: str, now: datetime
) -> bool:
    """Once for a conversation, and not too often for an owner."""
    if await db.get(OwnerNotice, (account_id, conversation_id)) is not None:
        return False
    statement = select(func.count()).where(
        OwnerNotice.account_id == account_id,
        OwnerNotice.user_id == user_id,
        OwnerNotice.created_at > now - timedelta(hours=1),
    )
    return (await db.execute(statement)).scalar_one() < AN_HOUR


async def _dispatch(
    db: AsyncSession,
    post: Post,
    facts: ChannelFacts,
    conversation: Mapping[str, Any],
    owner: Person,
    now: datetime,
) -> None:
    account_id, conversation_id = facts.account_id, conversation["id"]
    identity = await sender_identity.get(db, account_id, facts.channel_id)
    domain = facts.forwarding_address.rpartition("@")[2]
    message_id = tokens.make_message_id(post.keys, reply_id=conversation_id, domain=domain)
    outgoing = Outgoing(
        from_=Mailbox(identity.company_name, facts.forwarding_address),
        to=(Mailbox(owner.name, owner.email),),
        subject=f"Yours while you are away: {conversation['subject'][:500]}",
        text=await _text(db, post, conversation, identity.company_name),
        message_id=message_id,
        date=now,
        headers=_HEADERS,
    )
    mailing = Mailing(
        account_id, "owner_notice", conversation_id, outgoing, domain, null_sender=True
    )
    await sender_identity.dispatch(db, post, mailing, now)
    thread = {
        "account_id": account_id,
        "key": key_of(f"{account_id}/{facts.channel_id}", message_id),
        "conversation_id": conversation_id,
    }
    await db.execute(insert_new(db, THREAD_IDS).values(thread))
    row = {
        "account_id": account_id,
        "conversation_id": conversation_id,
        "user_id": owner.user_id,
        "created_at": now,
    }
    await db.execute(insert(OwnerNotice).values(row))


async def _text(db: AsyncSession, post: Post, conversation: Mapping[str, Any], company: str) -> str:
    """What the owner reads: who wrote, the words, and where the conversation is."""
    statement = (
        select(MESSAGES.c.author_name, MESSAGES.c.author_address, MESSAGES.c.text)
        .where(
            MESSAGES.c.account_id == conversation["account_id"],
            MESSAGES.c.conversation_id == conversation["id"],
            MESSAGES.c.kind == "message",
        )
        .order_by(MESSAGES.c.id)
        .limit(1)
    )
    found = (await db.execute(statement)).first()
    who = " ".join((found.author_name, f"<{found.author_address}>")) if found else "Somebody"
    words = found.text[:_TEXT_LIMIT] if found else ""
    return (
        f"{who.strip()} wrote to {company}. The conversation is yours, and you are away.\n"
        f"{post.base_url}/v1/conversations/{conversation['id']}\n\n"
        f"----\n\n{words}\n"
    )
