"""
Rearranging: conversations belong apart, or together; their messages move, and answers follow.

Each verb moves everything that hangs together in the transaction of its door.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app import ids
from app.domain import events
from app.domain.conversations import ticketing
from app.domain.conversations.models import Conversation, Message, ThreadId
from app.domain.conversations.service import get_unmerged
from app.domain.events import NewEvent
from app.errors import Conflict, invalid_field
from app.mail.addresses import canonical


async def split(
    db: AsyncSession,
    account_id: str,
    conversation_id: str,
    message_ids: Sequence[str],
    now: datetime,
) -> Conversation:
    """
    These messages are a conversation of their own afterwards; answers to them go there.

    Its contact is the author of the first of them, else that of the conversation they leave.
    Raises NotFound; Invalid for messages of other conversations; Conflict when none would be left,
    or for a merged one.
    """
    source = await get_unmerged(db, account_id, conversation_id)
    found = await _messages(db, source)
    chosen = [one for one in found if one.id in set(message_ids)]
    if len(chosen) != len(set(message_ids)):
        raise invalid_field(
            "/message_ids", "Not all of them are of this conversation.", "conversations.not_its_own"
        )
    if len(chosen) == len(found):
        raise Conflict("One message has to stay.", "conversations.nothing_left")
    contact_id = next((m.author_contact_id for m in chosen if m.author_contact_id), None)
    target = Conversation(
        account_id=account_id,
        id=ids.new("cnv"),
        channel_id=source.channel_id,
        contact_id=contact_id or source.contact_id,
        subject=chosen[0].subject,
        state="open",
        assignee_id=None,
        team_id=None,
        ticket_id=None,
        spam=False,
        participants=_people_of(chosen),
        follow_up_of=source.id,
        merged_into=None,
        message_count=0,
        last_message_at=now,
        last_received_at=None,
        last_sent_at=None,
        created_at=now,
        closed_at=None,
        routing_decision=None,
    )
    db.add(target)
    await db.flush()  # the messages' foreign key needs the row
    for one in chosen:
        one.conversation_id, one.pending = target.id, False
    keys = [one.message_key for one in chosen if one.message_key]
    await db.execute(
        update(ThreadId)
        .where(ThreadId.account_id == account_id, ThreadId.key.in_(keys))
        .values(conversation_id=target.id)
    )
    _count(target, chosen)
    _count(source, [one for one in found if one not in chosen])
    facts = {"conversation_id": target.id, "channel_id": target.channel_id, "split_from": source.id}
    await events.record(db, [NewEvent(account_id, "conversation.created", facts)], now)
    await ticketing.open_ticket_of(db, target, now)
    return target


async def merge(
    db: AsyncSession, account_id: str, conversation_id: str, into_id: str, now: datetime
) -> Conversation:
    """
    Everything of the conversation stands in the other one afterwards; it is closed and empty.

    Answers to either go to the one that is left, which is open when either was. Raises NotFound;
    Conflict for itself, another channel's, or when one of them was merged before.
    """
    source = await get_unmerged(db, account_id, conversation_id)
    target = await get_unmerged(db, account_id, into_id)
    if source.id == target.id:
        raise Conflict("It is the same conversation.", "conversations.same")
    if source.channel_id != target.channel_id:
        raise Conflict("They belong to different channels.", "conversations.other_channel")
    for table in (Message, ThreadId):
        await db.execute(
            update(table)
            .where(table.account_id == account_id, table.conversation_id == source.id)
            .values(conversation_id=target.id)
            .execution_options(synchronize_session=False)
        )
    known = {canonical(one["address"]) for one in target.participants}
    target.participants = [
        *target.participants,
        *(one for one in source.participants if canonical(one["address"]) not in known),
    ]
    _count(target, await _messages(db, target))
    facts = {
        "conversation_id": target.id,
        "channel_id": target.channel_id,
        "merged_from": source.id,
    }
    news = [NewEvent(account_id, "conversation.merged", facts)]
    reopened = source.state == "open" and target.state == "closed"
    if reopened:
        target.state, target.closed_at = "open", None
        news.append(
            NewEvent(
                account_id,
                "conversation.reopened",
                {"conversation_id": target.id, "channel_id": target.channel_id},
            )
        )
    source.state, source.closed_at = "closed", source.closed_at or now
    source.merged_into, source.message_count = target.id, 0
    await db.execute(  # what went into it before stands in the other one now, too
        update(Conversation)
        .where(Conversation.account_id == account_id, Conversation.merged_into == source.id)
        .values(merged_into=target.id)
    )
    await events.record(db, news, now)
    await ticketing.follow_merge(db, source, target, reopened=reopened, now=now)
    return target


# What rearranging does not look at, and what makes a message large.
_WITHOUT_TEXTS = [
    defer(column)
    for column in (Message.text, Message.html, Message.reply_text, Message.quoted_text)
]


async def _messages(db: AsyncSession, conversation: Conversation) -> list[Message]:
    found = await db.execute(
        select(Message)
        .where(
            Message.account_id == conversation.account_id,
            Message.conversation_id == conversation.id,
        )
        .order_by(Message.id)
        .options(*_WITHOUT_TEXTS)
    )
    return list(found.scalars())


def _people_of(messages: Sequence[Message]) -> list[dict[str, str]]:
    people: dict[str, dict[str, str]] = {}
    for one in messages:
        if one.author_contact_id and one.author_address:
            people[canonical(one.author_address)] = {
                "name": one.author_name,
                "address": one.author_address,
            }
    return list(people.values())


def _count(conversation: Conversation, messages: Sequence[Message]) -> None:
    conversation.message_count = sum(one.kind != "event" for one in messages)
    times = [one.created_at for one in messages]
    conversation.last_message_at = max(times, default=conversation.last_message_at)
    received = [
        one.created_at
        for one in messages
        if one.direction == "incoming" and one.mail_class == "human" and not one.pending
    ]
    conversation.last_received_at = max(received, default=None)
