"""
Correcting: a person says who wrote a mail (E8), or lets a stranger's mail in.

Each verb moves everything that hangs together in the transaction of its door. Deliberately not
here: moving messages between conversations (`rearranging`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, channels, contacts, events, tickets
from app.domain.conversations import ticketing
from app.domain.conversations.messages import get_message
from app.domain.conversations.models import Conversation, Message
from app.domain.conversations.service import get
from app.domain.events import NewEvent
from app.errors import Conflict, invalid_field
from app.mail.addresses import canonical


async def reattribute(
    db: AsyncSession,
    account_id: str,
    message_id: str,
    *,
    contact_id: str | None,
    address: str | None,
    name: str,
    now: datetime,
) -> Message:
    """
    The message was written by this contact (or the person at this address) afterwards.

    A conversation that the message opened, or that has only a placeholder for its contact, follows
    with everything of the former author in it. Raises NotFound; Conflict for what is no mail;
    Invalid for an address of our own.
    """
    message = await get_message(db, account_id, message_id)
    if message.attribution is None or message.direction == "outgoing":
        raise Conflict("Only received mail has an author to correct.", "messages.no_attribution")
    if address is not None and await _is_ours(db, message, canonical(address)):
        raise invalid_field(
            "/address", "It is an address of a channel or of a user.", "messages.own_address"
        )
    contact, shown = await _whom(db, account_id, contact_id, address, name, now)
    former = message.author_contact_id
    moved, left = [message], None
    if message.conversation_id is not None:
        conversation = await get(db, account_id, message.conversation_id)
        _note_received(conversation, message)
        if await _follows(db, conversation, message):
            moved = await _of_author(db, conversation, message)
            left, conversation.contact_id = conversation.contact_id, contact.id
            _swap_participant(conversation, message.author_address, contact.name, shown)
            await ticketing.follow_contact(db, conversation, now)
        else:
            _swap_participant(conversation, "", contact.name, shown)
    for one in moved:
        _write_author(one, contact.id, contact.name, shown)
    if left is not None and left != contact.id:
        await _retire_placeholder(db, account_id, left, contact.id, now)
    facts = {
        "message_id": message.id,
        "conversation_id": message.conversation_id,
        "contact_id": contact.id,
        "former_contact_id": former,
    }
    news = [NewEvent(account_id, "message.reattributed", facts)]
    if left is not None and left != contact.id:
        changes = {"contact_id": {"before": left, "after": contact.id}}
        moved_facts = {"conversation_id": message.conversation_id, "changes": changes}
        news.append(NewEvent(account_id, "conversation.updated", moved_facts))
    await events.record(db, news, now)
    return message


async def _is_ours(db: AsyncSession, message: Message, address: str) -> bool:
    """Is it a channel's or a teammate's? Mail of the team has no contact for its author."""
    key = (message.account_id, address)
    facts = await channels.facts_of(db, message.account_id, message.channel_id)
    return (
        address in facts.own_addresses
        or bool(await channels.addresses_among(db, [key]))
        or bool(await accounts.teammates(db, [key]))
    )


async def _whom(
    db: AsyncSession,
    account_id: str,
    contact_id: str | None,
    address: str | None,
    name: str,
    now: datetime,
) -> tuple[contacts.ContactRef, str]:
    """The contact that was meant, and an address of it."""
    if contact_id is not None:
        found = await contacts.get_contact(db, account_id, contact_id)
        known = await contacts.addresses_of(db, account_id, [contact_id])
        shown = known.get(contact_id, [])
        return contacts.ContactRef(found.id, found.name), shown[0] if shown else ""
    assert address is not None
    made, news = await contacts.find_or_create(
        db, [contacts.Wanted(account_id, name, address)], now
    )
    await events.record(db, news, now)
    return made[account_id, canonical(address)], address


async def _follows(db: AsyncSession, conversation: Conversation, message: Message) -> bool:
    """Does the conversation's contact change with the author of this message?"""
    if message.author_contact_id not in (None, conversation.contact_id):
        return False
    if await contacts.is_placeholder(db, conversation.account_id, conversation.contact_id):
        return True
    first = await db.execute(
        select(func.min(Message.id)).where(
            Message.account_id == conversation.account_id,
            Message.conversation_id == conversation.id,
            Message.message_key.is_not(None),
        )
    )
    return bool(first.scalar_one() == message.id)


async def _of_author(
    db: AsyncSession, conversation: Conversation, message: Message
) -> list[Message]:
    """The message, and the other ones of its author in the conversation."""
    if message.author_contact_id is None:
        return [message]
    found = await db.execute(
        select(Message).where(
            Message.account_id == conversation.account_id,
            Message.conversation_id == conversation.id,
            Message.author_contact_id == message.author_contact_id,
            Message.kind == "message",
        )
    )
    return list(found.scalars()) or [message]


async def _retire_placeholder(
    db: AsyncSession, account_id: str, contact_id: str, into: str, now: datetime
) -> None:
    """A placeholder that nothing refers to any more is part of the contact that was meant."""
    if not await contacts.is_placeholder(db, account_id, contact_id):
        return
    await db.flush()
    used = select(Conversation.id).where(
        Conversation.account_id == account_id, Conversation.contact_id == contact_id
    )
    if (await db.execute(used.limit(1))).first() is None:
        await contacts.merge(db, account_id, contact_id, into=into, now=now)
        await move_to_contact(db, account_id, contact_id, into)


def _swap_participant(conversation: Conversation, former: str, name: str, address: str) -> None:
    left = [
        one
        for one in conversation.participants
        if canonical(one["address"]) not in (canonical(former), canonical(address))
    ]
    joined = [{"name": name, "address": address}] if address else []
    conversation.participants = [*joined, *left]


def _write_author(message: Message, contact_id: str, name: str, address: str) -> None:
    message.author_contact_id, message.author_user_id = contact_id, None
    message.author_name, message.author_address = name, address
    message.kind, message.direction, message.pending = "message", "incoming", False
    before: dict[str, Any] = message.attribution or {}
    manual = {
        "method": "manual",
        "name": name,
        "address": address,
        "accepted": True,
        "reason": "A person has said so.",
    }
    others = [
        {**one, "accepted": False, "reason": "A person has corrected it."}
        if one["accepted"]
        else one
        for one in before.get("candidates", [])
    ]
    message.attribution = {
        **before,
        "method": "manual",
        "unresolved": False,
        "candidates": [*others, manual],
    }


async def admit(db: AsyncSession, account_id: str, message_id: str, now: datetime) -> Message:
    """A pending message takes part in its conversation, and so does its writer. Repeatable."""
    message = await get_message(db, account_id, message_id)
    if not message.pending or message.conversation_id is None:
        return message
    conversation = await get(db, account_id, message.conversation_id)
    message.pending = False
    if message.author_address:
        _swap_participant_in(conversation, message)
    facts = {
        "message_id": message.id,
        "conversation_id": conversation.id,
        "channel_id": conversation.channel_id,
    }
    news = [NewEvent(account_id, "message.admitted", facts)]
    _note_received(conversation, message)
    if message.mail_class == "human":
        closed = conversation.closed_at
        if closed is not None and closed < message.created_at:  # it would have reopened it
            conversation.state, conversation.closed_at = "open", None
            facts = {"conversation_id": conversation.id, "channel_id": conversation.channel_id}
            news.append(NewEvent(account_id, "conversation.reopened", facts))
    await events.record(db, news, now)
    if message.mail_class == "human":
        await ticketing.follow_admitted(db, conversation, now)
    return message


def _note_received(conversation: Conversation, message: Message) -> None:
    """The message is one of somebody outside now: a person's word counts as received."""
    if message.mail_class == "human":
        received = conversation.last_received_at or message.created_at
        conversation.last_received_at = max(received, message.created_at)


def _swap_participant_in(conversation: Conversation, message: Message) -> None:
    address = canonical(message.author_address)
    if all(canonical(one["address"]) != address for one in conversation.participants):
        joined = {"name": message.author_name, "address": message.author_address}
        conversation.participants = [*conversation.participants, joined]


async def move_to_contact(
    db: AsyncSession, account_id: str, source_id: str, target_id: str
) -> None:
    """Conversations, messages, tickets of a contact that was merged belong to the other one."""
    await tickets.move_to_contact(db, account_id, source_id, target_id)
    await db.execute(
        update(Conversation)
        .where(Conversation.account_id == account_id, Conversation.contact_id == source_id)
        .values(contact_id=target_id)
    )
    await db.execute(
        update(Message)
        .where(Message.account_id == account_id, Message.author_contact_id == source_id)
        .values(author_contact_id=target_id)
    )
