"""
Starting a conversation: the team writes first.

Its contact is the one that is named, or whoever the mail goes to first. It is its author's, and
neither routed nor given a ticket by the channel: nobody waits for an answer of ours.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Database
from app.domain import accounts, channels, contacts, events
from app.domain.channels import CONNECTED
from app.domain.conversations.ahead import Ahead, write_planned
from app.domain.conversations.models import Conversation, Message
from app.domain.conversations.replying import Draft, Plan, plan_in, refuse_suppressed
from app.domain.conversations.sending import send
from app.domain.conversations.ticketing import open_ticket_of
from app.domain.events import NewEvent
from app.domain.sender_identity import Post
from app.errors import Conflict, NotFound, invalid_field
from app.mail.addresses import canonical
from app.mail.message import Mailbox

BAD_ADDRESS = "replies.bad_address"
OWN_ADDRESS = "replies.own_address"


async def start(
    db: AsyncSession,
    post: Post,
    account_id: str,
    channel_id: str,
    draft: Draft,
    *,
    contact_id: str | None,
    now: datetime,
    ahead: Ahead | None = None,
) -> Message:
    """
    The first mail of a new conversation in a connected channel leaves after the commit; it has a
    ticket where the channel opens some (I1).

    Without `contact_id` the first recipient is the contact, made when it is none yet. `ahead` is
    the mail as `write_first_ahead` wrote it before the transaction. Raises Invalid for a channel,
    contact or user that is none, Conflict for a draft (`conversations.channel_not_connected`), and
    what a reply raises.
    """
    await _check_channel(db, account_id, channel_id)
    whom = await _contact(db, account_id, draft, contact_id, now)
    conversation = _begun(account_id, channel_id, whom, draft, now)
    if ahead is not None:
        conversation.id = ahead.conversation_id
        draft = replace(draft, contents=ahead.contents)
    planned = await plan_in(db, post, conversation, draft, now)
    if not draft.override_suppression:
        refuse_suppressed(planned)
    conversation.subject = planned.outgoing.subject
    db.add(conversation)
    await db.flush()
    names = ("channel_id", "contact_id", "subject", "follow_up_of")
    facts = {name: getattr(conversation, name) for name in names}
    created = {"conversation_id": conversation.id, **facts}
    await events.record(db, [NewEvent(account_id, "conversation.created", created)], now)
    message = await send(db, post, planned, draft, now, ahead)
    await open_ticket_of(db, conversation, now)
    return message


async def write_first_ahead(
    database: Database,
    post: Post,
    account_id: str,
    channel_id: str,
    draft: Draft,
    now: datetime,
    turns: asyncio.Semaphore,
) -> Ahead | None:
    """The first mail of a new conversation, written as `write_ahead` writes a reply."""

    async def planned(db: AsyncSession) -> Plan:
        await _check_channel(db, account_id, channel_id)
        nobody = ""  # who the contact is changes nothing of what is written
        conversation = _begun(account_id, channel_id, nobody, draft, now)
        return await plan_in(db, post, conversation, draft, now)

    if not draft.wanted.to:
        return None
    return await write_planned(database, post, account_id, draft, now, turns, planned)


def _begun(
    account_id: str, channel_id: str, contact_id: str, draft: Draft, now: datetime
) -> Conversation:
    return Conversation(
        account_id=account_id,
        id=ids.new("cnv"),
        channel_id=channel_id,
        contact_id=contact_id,
        subject=draft.subject or "",
        state="open",
        assignee_id=None,
        team_id=None,
        ticket_id=None,
        spam=False,
        participants=[],
        follow_up_of=None,
        merged_into=None,
        message_count=0,
        last_message_at=now,
        last_received_at=None,
        last_sent_at=None,
        created_at=now,
        closed_at=None,
        routing_decision=None,
    )


async def _check_channel(db: AsyncSession, account_id: str, channel_id: str) -> None:
    try:
        channel = await channels.get(db, account_id, channel_id)
    except NotFound as fault:
        raise invalid_field(
            "/channel_id", "There is no such channel.", "conversations.unknown_channel"
        ) from fault
    if channel.state != CONNECTED:
        raise Conflict(
            "The channel is a draft: connect it before you write from it.",
            "conversations.channel_not_connected",
        )


async def _contact(
    db: AsyncSession, account_id: str, draft: Draft, contact_id: str | None, now: datetime
) -> str:
    if contact_id is not None:
        try:
            return (await contacts.get_contact(db, account_id, contact_id)).id
        except NotFound as fault:
            raise invalid_field(
                "/contact_id", "There is no such contact.", "conversations.unknown_contact"
            ) from fault
    if not draft.wanted.to:
        raise invalid_field("/to", "Say who is to get it.", "replies.no_recipient")
    box = accounts.mailbox(draft.wanted.to[0], "/to/0", BAD_ADDRESS)
    await _refuse_own(db, account_id, box)
    wanted = contacts.Wanted(account_id, box.name, box.address)
    found, news = await contacts.find_or_create(db, [wanted], now)
    ref = found.get((account_id, canonical(box.address)))
    if ref is None:
        raise invalid_field("/to/0", "This address cannot be a contact's.", BAD_ADDRESS)
    await events.record(db, news, now)
    return ref.id


async def _refuse_own(db: AsyncSession, account_id: str, box: Mailbox) -> None:
    """A person of the team or a channel is nobody's contact."""
    key = (account_id, canonical(box.address))
    if await accounts.teammates(db, [key]) or await channels.addresses_among(db, [key]):
        words = f"{box.address} is an address of this account's own."
        raise invalid_field("/to/0", words, OWN_ADDRESS)
