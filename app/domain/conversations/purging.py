"""
Purging: conversations that somebody marked as spam long ago are gone with all that hangs on them.

So are old ones that are closed, where the operator says so, and those of a contact who is erased.
Deliberately not here: their raw mail and its ledger (`inbound`), and what the outbox holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Base
from app.domain import accounts, events, tickets
from app.domain.conversations.models import SPAM, Conversation, Message, OwnerNotice
from app.domain.events import NewEvent

PIECE = 20  # conversations of one transaction

_CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]
_ACCOUNTS: Table = accounts.Account.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Removed:
    """What is gone: conversations, their messages; and the octets of those received and sent."""

    conversation_ids: Sequence[str]
    message_ids: Sequence[str]
    digests: Sequence[str]
    sent_digests: Sequence[str] = ()
    noticed_at: Sequence[datetime] = ()  # when owners were sent mail about them


def _since() -> ColumnElement[datetime]:
    """Since when it is spam; of those marked before that was noted, since their last message."""
    return func.coalesce(Conversation.spam_at, Conversation.last_message_at)


async def accounts_with_spam(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts with conversations that are spam since before this moment."""
    statement = select(Conversation.account_id).where(SPAM, _since() < before).distinct()
    return (await db.execute(statement.limit(limit))).scalars().all()


async def purge_spam(db: AsyncSession, account_id: str, before: datetime, now: datetime) -> Removed:
    """
    The oldest of the account's conversations that are spam since before this moment are gone.

    At most PIECE of them. Tickets that were opened for them stay, without a conversation. The
    caller holds the account's lock.
    """
    statement = (
        select(Conversation.id)
        .where(SPAM, Conversation.account_id == account_id, _since() < before)
        .order_by(_since())
        .limit(PIECE)
    )
    gone = (await db.execute(statement)).scalars().all()
    return await remove(db, account_id, gone, "spam", now)


async def accounts_with_closed(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts with conversations that are closed, and in which nothing came since then."""
    closed = exists().where(
        Conversation.account_id == _ACCOUNTS.c.id,
        Conversation.state == "closed",
        Conversation.last_message_at < before,
    )
    statement = select(_ACCOUNTS.c.id).where(closed).limit(limit)
    return (await db.execute(statement)).scalars().all()


async def purge_closed(
    db: AsyncSession, account_id: str, before: datetime, now: datetime
) -> Removed:
    """The same for those that are closed, and in which nothing came since this moment."""
    statement = (
        select(Conversation.id)
        .where(
            Conversation.account_id == account_id,
            Conversation.state == "closed",
            Conversation.last_message_at < before,
        )
        .order_by(Conversation.last_message_at)
        .limit(PIECE)
    )
    gone = (await db.execute(statement)).scalars().all()
    return await remove(db, account_id, gone, "retention", now)


async def remove(
    db: AsyncSession, account_id: str, gone: Sequence[str], reason: str, now: datetime
) -> Removed:
    """
    These conversations are gone, with their messages and whatever else needs them; that is told.

    The caller sees to the ledger, the outbox and the octets.
    """
    if not gone:
        return Removed((), (), ())
    found = await db.execute(
        select(Message.id, Message.raw_digest, Message.direction).where(
            Message.account_id == account_id, Message.conversation_id.in_(gone)
        )
    )
    rows = found.all()
    noticed = select(OwnerNotice.created_at).where(
        OwnerNotice.account_id == account_id, OwnerNotice.conversation_id.in_(gone)
    )
    noticed_at = (await db.execute(noticed)).scalars().all()
    for table in reversed(Base.metadata.sorted_tables):
        if _hangs_on_conversations(table):
            theirs = (table.c.account_id == account_id) & table.c.conversation_id.in_(gone)
            await db.execute(delete(table).where(theirs))
    await db.execute(
        update(tickets.Ticket)
        .where(tickets.Ticket.account_id == account_id, tickets.Ticket.conversation_id.in_(gone))
        .values(conversation_id=None)
        .execution_options(synchronize_session=False)
    )
    await db.execute(
        delete(_CONVERSATIONS).where(
            _CONVERSATIONS.c.account_id == account_id, _CONVERSATIONS.c.id.in_(gone)
        )
    )
    news = [
        NewEvent(account_id, "conversation.purged", {"conversation_id": one, "reason": reason})
        for one in gone
    ]
    await events.record(db, news, now)
    digests = {row.raw_digest for row in rows if row.raw_digest and row.direction != "outgoing"}
    sent = {row.raw_digest for row in rows if row.raw_digest and row.direction == "outgoing"}
    return Removed(gone, [row.id for row in rows], sorted(digests), sorted(sent), noticed_at)


def _hangs_on_conversations(table: Table) -> bool:
    """Does a row of it need its conversation? Whatever room it belongs to."""
    return table is not _CONVERSATIONS and any(
        key.referred_table is _CONVERSATIONS for key in table.foreign_key_constraints
    )
