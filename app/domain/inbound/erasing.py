"""
Erasing and export, of what inbound keeps: the ledger, what is held back, the lists of senders.

A row of the ledger that is emptied still tells that a mail came, when, for which address and with
what outcome; nothing of whom. Deliberately not here: whose mails they are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain.inbound.erased import ERASED
from app.domain.inbound.models import ListedSender, ReceivedMail

UNREAD = ("quarantined", "failed")  # outcomes of mails that have no message


async def deliveries_of(
    db: AsyncSession, account_id: str, message_ids: Sequence[str]
) -> list[ReceivedMail]:
    """The rows of the ledger that brought these messages, also again."""
    found: list[ReceivedMail] = []
    for some in chunks(message_ids):
        found += await _rows(db, account_id, ReceivedMail.message_id.in_(some))
    return found


async def deliveries_from(
    db: AsyncSession,
    account_id: str,
    addresses: Collection[str],
    until: datetime,
    limit: int,
    after: str = "",
) -> Sequence[ReceivedMail]:
    """Some of the rows whose envelope names one of these senders, behind this id."""
    named = ReceivedMail.envelope_from.in_(sorted(addresses)) & (ReceivedMail.id > after)
    return await _rows(db, account_id, named & (ReceivedMail.received_at <= until), limit)


async def unread(
    db: AsyncSession, account_id: str, after: str, until: datetime, limit: int
) -> Sequence[ReceivedMail]:
    """Some of the mails that are kept without having a message: held back, or not understood."""
    rows: list[ReceivedMail] = []
    for outcome in UNREAD:
        which = (
            (ReceivedMail.outcome == outcome)
            & (ReceivedMail.id > after)
            & ReceivedMail.raw_digest.is_not(None)
            & ReceivedMail.message_id.is_(None)
            & (ReceivedMail.received_at <= until)
        )
        rows += await _rows(db, account_id, which, limit)
    return sorted(rows, key=lambda row: row.id)[:limit]


async def _rows(
    db: AsyncSession, account_id: str, which: ColumnElement[bool], limit: int | None = None
) -> Sequence[ReceivedMail]:
    statement = select(ReceivedMail).where(ReceivedMail.account_id == account_id, which)
    return (await db.execute(statement.order_by(ReceivedMail.id).limit(limit))).scalars().all()


async def empty_ledger(db: AsyncSession, account_id: str, received_ids: Sequence[str]) -> None:
    """These rows tell of nobody."""
    for some in chunks(received_ids):
        await db.execute(
            update(ReceivedMail)
            .where(ReceivedMail.account_id == account_id, ReceivedMail.id.in_(some))
            .values(
                reason=ERASED,
                envelope_from="",
                remote_address="",
                helo="",
                message_id=None,
                conversation_id=None,
                raw_digest=None,
                authentication=None,
            )
            .execution_options(synchronize_session="fetch")
        )


async def listed_among(
    db: AsyncSession, account_id: str, addresses: Collection[str]
) -> Sequence[ListedSender]:
    """What the lists of senders say of these addresses."""
    statement = select(ListedSender).where(
        ListedSender.account_id == account_id, ListedSender.subject.in_(sorted(addresses))
    )
    return (await db.execute(statement)).scalars().all()


async def unlist_addresses(db: AsyncSession, account_id: str, addresses: Collection[str]) -> int:
    """The lists of senders do not name these addresses any more."""
    found = await listed_among(db, account_id, addresses)
    await db.execute(
        delete(ListedSender).where(
            ListedSender.account_id == account_id, ListedSender.subject.in_(sorted(addresses))
        )
    )
    return len(found)
