"""
Notices: an owner who is away is sent the message of a conversation that became his (H3).

Once a conversation, a bounded number an hour, and never to an address that is one of our own: the
notice would come back as mail. An answer to it arrives at the channel, where it is a comment, or
the owner's reply where the account wants that: the notice's Message-ID is the owner's token then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import insert_new
from app.domain import accounts, channels, sender_identity
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
ANSWERABLE = timedelta(days=14)  # by mail
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
    answerable = (await accounts.get_account(db, account_id)).answer_by_mail
    message_id, *references = _message_ids(
        post, conversation_id, owner, domain, now, answerable=answerable
    )
    outgoing = Outgoing(
        from_=Mailbox(identity.company_name, facts.forwarding_address),
        to=(Mailbox(owner.name, owner.email),),
        subject=f"Yours while you are away: {conversation['subject'][:500]}",
        text=await _text(db, post, conversation, identity.company_name, answerable=answerable),
        message_id=message_id,
        references=tuple(references),
        date=now,
        headers=_HEADERS,
    )
    mailing = Mailing(
        account_id, "owner_notice", conversation_id, outgoing, domain, null_sender=True
    )
    await sender_identity.dispatch(db, post, mailing, now)
    threads = [
        {
            "account_id": account_id,
            "key": key_of(f"{account_id}/{facts.channel_id}", one),
            "conversation_id": conversation_id,
        }
        for one in (message_id, *references)
    ]
    await db.execute(insert_new(db, THREAD_IDS), threads)
    row = {
        "account_id": account_id,
        "conversation_id": conversation_id,
        "user_id": owner.user_id,
        "created_at": now,
    }
    await db.execute(insert(OwnerNotice).values(row))


def _message_ids(
    post: Post,
    conversation_id: str,
    owner: Person,
    domain: str,
    now: datetime,
    *,
    answerable: bool,
) -> tuple[str, ...]:
    """
    The notice's Message-ID, and an id that it refers to.

    The owner's token stands in both: an answer repeats them (RFC 5322 3.6.4), and some relays
    give mail another Message-ID.
    """
    if not answerable:
        return (tokens.make_message_id(post.keys, reply_id=conversation_id, domain=domain),)
    token = tokens.make_owner_token(
        post.keys,
        conversation_id=conversation_id,
        user_id=owner.user_id,
        expires_at=now + ANSWERABLE,
    )
    return f"{token}@{domain}", f"{token}@notice.{domain}"


async def _text(
    db: AsyncSession,
    post: Post,
    conversation: Mapping[str, Any],
    company: str,
    *,
    answerable: bool,
) -> str:
    """What the owner reads: who wrote, the words, where it is, and what an answer will be."""
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
    answers = (
        f"Your answer to this mail goes to the customer as your reply, for {ANSWERABLE.days} days."
        if answerable
        else "Your answer to this mail is an internal comment; the customer does not see it."
    )
    return (
        f"{who.strip()} wrote to {company}. The conversation is yours, and you are away.\n"
        f"{post.base_url}/v1/conversations/{conversation['id']}\n\n{answers}\n\n"
        f"----\n\n{words}\n"
    )
