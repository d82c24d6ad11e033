"""
Claiming: which process sends which mail, for how long.

A claim is a lease: a process that dies says nothing, so its claims run out by themselves and
somebody else sends the same octets. No account is locked for it, and nobody waits for a claim of
somebody else. Deliberately not here: what became of the mail (`results`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain.outbox.models import IS_WAITING, OutboxItem
from app.domain.outbox.service import DEFERRED, QUEUED
from app.domain.outbox.turns import Turns, among, due, next_due
from app.domain.raw_mail import RawMail

LEASE = timedelta(seconds=60)
WAITING = (QUEUED, DEFERRED)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this process is to send now; `size` in octets. `raw`: small ones, at once."""

    account_id: str
    id: str
    message_id: str | None
    sender: str
    recipient: str
    raw_digest: str
    size: int
    smtputf8: bool
    attempts: int
    raw: bytes | None = field(default=None, repr=False)  # what stands in the row


@dataclass(frozen=True, slots=True)
class Backlog:
    """The mail that waits, of all accounts; `oldest` is when the first of it was written."""

    waiting: int
    oldest: datetime | None


async def has_due(db: AsyncSession, now: datetime) -> bool:
    """Is there anything to claim? A cheap question, for a reading transaction."""
    return (await db.execute(due(now, 1))).first() is not None


async def claim(
    db: AsyncSession, who: str, limit: int, now: datetime, turns: Turns | None = None
) -> list[Claimed]:
    """
    Mails that are due, for `who` alone during LEASE; accounts by `turns` while there are more.

    What is claimed by others is passed over, not waited for (SKIP LOCKED on PostgreSQL; on SQLite
    only one transaction writes).
    """
    found = await next_due(db, limit, now, turns or Turns())
    claimed: dict[str, Claimed] = {}
    for some in chunks(found):
        mine = among(some)
        await db.execute(
            update(OutboxItem)
            .where(mine)
            .values(claimed_by=who, claimed_until=now + LEASE)
            .execution_options(synchronize_session=False)
        )
        for row in await db.execute(_whole().where(mine)):
            claimed[row.id] = Claimed(**row._mapping)
    return [claimed[id_] for _, id_ in found if id_ in claimed]


async def renew(db: AsyncSession, who: str, held: Sequence[Claimed], now: datetime) -> set[str]:
    """Those that are still claimed by `who` stay so for another LEASE; gives their ids."""
    return await _change(db, who, held, claimed_until=now + LEASE)


async def give_back(
    db: AsyncSession, who: str, held: Sequence[Claimed], not_before: datetime | None = None
) -> None:
    """Anybody may claim these again, at once or not before a time; it was no attempt."""
    change: dict[str, object] = {"claimed_by": None, "claimed_until": None}
    if not_before is not None:
        change["next_attempt_at"] = not_before
    await _change(db, who, held, **change)


async def give_all_back(db: AsyncSession) -> None:
    """Nobody holds a claim: for a start when no other process can be sending."""
    await db.execute(
        update(OutboxItem)
        .where(IS_WAITING, OutboxItem.claimed_by.is_not(None))
        .values(claimed_by=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )


async def backlog(db: AsyncSession) -> Backlog:
    """How much waits; canceled and final mail does not."""
    counted = select(func.count(), func.min(OutboxItem.created_at)).where(IS_WAITING)
    waiting, oldest = (await db.execute(counted)).one()
    return Backlog(waiting, oldest)


def _whole() -> Select[*tuple[Any, ...]]:
    return select(
        OutboxItem.account_id,
        OutboxItem.id,
        OutboxItem.message_id,
        OutboxItem.sender,
        OutboxItem.recipient,
        OutboxItem.raw_digest,
        func.coalesce(RawMail.size, 0).label("size"),
        OutboxItem.smtputf8,
        OutboxItem.attempts,
        RawMail.content.label("raw"),
    ).outerjoin(
        RawMail,
        and_(
            RawMail.account_id == OutboxItem.account_id,
            RawMail.digest == OutboxItem.raw_digest,
        ),
    )


async def _change(
    db: AsyncSession, who: str, held: Sequence[Claimed], **change: object
) -> set[str]:
    changed: set[str] = set()
    for some in chunks([(one.account_id, one.id) for one in held]):
        statement = (
            update(OutboxItem)
            .where(
                among(some),
                OutboxItem.claimed_by == who,
                OutboxItem.state.in_(WAITING),
            )
            .values(**change)
            .returning(OutboxItem.id)
            .execution_options(synchronize_session=False)
        )
        changed.update((await db.execute(statement)).scalars())
    return changed
