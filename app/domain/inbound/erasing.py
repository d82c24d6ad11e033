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
from app.domain.inbound.models import ListedSender, ReceivedMail, address_key
from app.domain.inbound.purging import forget_unneeded

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
    keys = sorted({address_key(address) for address in addresses})
    named = ReceivedMail.sender_key.in_(keys) & (ReceivedMail.id > after)
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
                sender_key="",
                remote_address="",
                helo="",
                message_id=None,
                conversation_id=None,
                raw_digest=None,
                authentication=None,
            )
            .execution_options(synchronize_session="fetch")
        )


async def with_octets(
    db: AsyncSession, account_id: str, after: str, before: datetime, limit: int
) -> Sequence[ReceivedMail]:
    """Some of the deliveries from before this moment whose octets are kept, behind this id."""
    old = (ReceivedMail.id > after) & (ReceivedMail.id < _id_of(before))
    return await _rows(db, account_id, old & ReceivedMail.raw_digest.is_not(None), limit)


async def release_octets(
    db: AsyncSession,
    account_id: str,
    names: Sequence[str],
    *,
    by_row: bool = False,
    are_gone: bool = False,
) -> None:
    """
    The ledger needs the octets of these messages (`by_row`: of these rows of its own) no more.

    `are_gone`: the messages are no more, either.
    """
    column = ReceivedMail.id if by_row else ReceivedMail.message_id
    values = {"message_id": None, "conversation_id": None} if are_gone else {}
    for some in chunks(names):
        await db.execute(
            update(ReceivedMail)
            .where(ReceivedMail.account_id == account_id, column.in_(some))
            .values(raw_digest=None, **values)
            .execution_options(synchronize_session=False)
        )


async def forget_older(
    db: AsyncSession, account_id: str, before: datetime, limit: int, now: datetime
) -> int:
    """Some of the rows from before this moment are gone, with octets that only they need."""
    rows = await _rows(db, account_id, ReceivedMail.id < _id_of(before), limit)
    needed = {row.raw_digest for row in rows if row.message_id is not None}
    alone = {row.raw_digest for row in rows if row.raw_digest} - needed
    for some in chunks([row.id for row in rows]):
        await db.execute(
            delete(ReceivedMail)
            .where(ReceivedMail.account_id == account_id, ReceivedMail.id.in_(some))
            .execution_options(synchronize_session=False)
        )
    await forget_unneeded(db, account_id, {one for one in alone if one}, now)
    return len(rows)


def _id_of(moment: datetime) -> str:
    """Where the ids begin that were made then (UUIDv7, RFC 9562 5.7)."""
    return f"rcv_{int(moment.timestamp() * 1000):012x}"


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
