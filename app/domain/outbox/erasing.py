"""
Erasing: that a mail left is all that stays of a delivery; what waits does not leave any more.

Deliberately not here: whose mails they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain.outbox.models import OutboxItem, Suppression
from app.domain.outbox.service import CANCELED, DEFERRED, QUEUED


async def empty_deliveries(
    db: AsyncSession, account_id: str, message_ids: Sequence[str]
) -> tuple[int, set[str]]:
    """The deliveries of these messages name nobody and no mail: how many, and which octets."""
    count, digests = 0, set[str]()
    for some in chunks(message_ids):
        more, theirs = await _empty(db, account_id, OutboxItem.message_id.in_(some))
        count, digests = count + more, digests | theirs
    return count, digests


async def empty_recipient(
    db: AsyncSession, account_id: str, message_ids: Sequence[str], addresses: Collection[str]
) -> int:
    """Of the deliveries of these messages those to these addresses name nobody any more."""
    count = 0
    for some in chunks(message_ids):
        items = await db.execute(
            select(OutboxItem.id, OutboxItem.recipient).where(
                OutboxItem.account_id == account_id, OutboxItem.message_id.in_(some)
            )
        )
        theirs = [item.id for item in items if item.recipient.lower() in addresses]
        count += (await _empty(db, account_id, OutboxItem.id.in_(theirs)))[0]
    return count


async def empty_notices(
    db: AsyncSession, account_id: str, kind: str, made_at: Iterable[datetime]
) -> tuple[int, set[str]]:
    """The same for mails of this kind that were put at these moments."""
    count, digests = 0, set[str]()
    for moment in made_at:
        which = (OutboxItem.kind == kind) & (OutboxItem.created_at == moment)
        start, end = (_id_of(moment + timedelta(seconds=s)) for s in (-60, 3600))
        within = which & (OutboxItem.id >= start) & (OutboxItem.id < end)
        more, theirs = await _empty(db, account_id, within)
        count, digests = count + more, digests | theirs
    return count, digests


def _id_of(moment: datetime) -> str:
    """Where the ids begin that were made then (UUIDv7, RFC 9562 5.7)."""
    return f"out_{int(moment.timestamp() * 1000):012x}"


async def _empty(
    db: AsyncSession, account_id: str, which: ColumnElement[bool]
) -> tuple[int, set[str]]:
    theirs = (OutboxItem.account_id == account_id) & which & (OutboxItem.recipient != "")
    rows = (await db.execute(select(OutboxItem.id, OutboxItem.raw_digest).where(theirs))).all()
    if rows:
        waits = OutboxItem.state.in_([QUEUED, DEFERRED])
        await db.execute(
            update(OutboxItem)
            .where(theirs)
            .values(
                recipient="",
                detail="",
                raw_digest="",
                state=case((waits, CANCELED), else_=OutboxItem.state),
            )
            .execution_options(synchronize_session="fetch")
        )
    return len(rows), {row.raw_digest for row in rows if row.raw_digest}


async def with_octets(
    db: AsyncSession, account_id: str, after: str, before: datetime, limit: int
) -> Sequence[OutboxItem]:
    """Some of the deliveries that were over before this moment, with octets, behind this id."""
    statement = select(OutboxItem).where(
        OutboxItem.account_id == account_id,
        OutboxItem.id > after,
        OutboxItem.id < _id_of(before),
        OutboxItem.raw_digest != "",
        OutboxItem.state.not_in([QUEUED, DEFERRED]),
    )
    return (await db.execute(statement.order_by(OutboxItem.id).limit(limit))).scalars().all()


async def release_octets(db: AsyncSession, account_id: str, item_ids: Sequence[str]) -> None:
    """These deliveries need their octets no more."""
    for some in chunks(item_ids):
        await db.execute(
            update(OutboxItem)
            .where(OutboxItem.account_id == account_id, OutboxItem.id.in_(some))
            .values(raw_digest="")
            .execution_options(synchronize_session=False)
        )


async def suppressions_to(
    db: AsyncSession, account_id: str, addresses: Collection[str]
) -> Sequence[Suppression]:
    """The suppressions of these addresses, past ones too."""
    statement = select(Suppression).where(
        Suppression.account_id == account_id, Suppression.address.in_(addresses)
    )
    return (await db.execute(statement)).scalars().all()


async def forget_suppressions(db: AsyncSession, account_id: str, addresses: Collection[str]) -> int:
    """That these addresses were found dead is not known any more."""
    found = await suppressions_to(db, account_id, addresses)
    await db.execute(
        delete(Suppression).where(
            Suppression.account_id == account_id, Suppression.address.in_(addresses)
        )
    )
    return len(found)
