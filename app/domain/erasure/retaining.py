"""
Retention: what is older than the operator wants to keep is gone, a piece at a time.

Nothing of it is old by itself: mail is kept for ever unless a setting says otherwise. Events,
deliveries of webhooks and the audit log have their own. Deliberately not here: who says how old.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import insert_new
from app.domain import accounts, conversations, inbound, outbox
from app.domain.erasure.models import Purging
from app.domain.erasure.walking import OWNER_NOTICE

ROWS = 200  # of one piece
PAUSE = timedelta(hours=1)  # from the end of one round in an account to the next

_PURGINGS: Table = Purging.__table__  # type: ignore[assignment]

Kind = Callable[[AsyncSession, str, str, datetime, datetime], Awaitable[str | None]]


async def _closed(
    db: AsyncSession, account_id: str, place: str, before: datetime, now: datetime
) -> str | None:
    """Conversations that are closed, and in which nothing came since; the ledger's rows stay."""
    gone = await conversations.purge_closed(db, account_id, before, now)
    if not gone.conversation_ids:
        return None
    _, digests = await outbox.empty_deliveries(db, account_id, gone.message_ids)
    notices = (await outbox.empty_notices(db, account_id, OWNER_NOTICE, gone.noticed_at))[1]
    await inbound.release_octets(db, account_id, gone.message_ids, are_gone=True)
    octets = {*gone.digests, *gone.sent_digests, *digests, *notices}
    await inbound.forget_unneeded(db, account_id, octets, now)
    return "again"


async def _received(
    db: AsyncSession, account_id: str, place: str, before: datetime, now: datetime
) -> str | None:
    """The octets of mail that was received: raw mail, and with it the files."""
    rows = await inbound.with_octets(db, account_id, place, before, ROWS)
    digests = {row.raw_digest for row in rows if row.raw_digest}
    await inbound.release_octets(db, account_id, [row.id for row in rows], by_row=True)
    messages = [row.message_id for row in rows if row.message_id]
    unneeded = await inbound.forget_unneeded(db, account_id, digests, now)
    if unneeded:
        await conversations.without_octets(db, account_id, messages, digests)
    return rows[-1].id if rows else None


async def _sent(
    db: AsyncSession, account_id: str, place: str, before: datetime, now: datetime
) -> str | None:
    """The octets of mail that was sent, or came to nothing."""
    rows = await outbox.with_octets(db, account_id, place, before, ROWS)
    digests = {row.raw_digest for row in rows}
    await outbox.release_octets(db, account_id, [row.id for row in rows])
    await inbound.forget_unneeded(db, account_id, digests, now)
    messages = [row.message_id for row in rows if row.message_id]
    await conversations.without_octets(db, account_id, messages, digests)
    return rows[-1].id if rows else None


async def _ledger(
    db: AsyncSession, account_id: str, place: str, before: datetime, now: datetime
) -> str | None:
    """Rows of the ledger; the messages stay, with their octets."""
    return "again" if await inbound.forget_older(db, account_id, before, ROWS, now) else None


KINDS: dict[str, Kind] = {
    "conversations": _closed,
    "received": _received,
    "sent": _sent,
    "ledger": _ledger,
}


async def due(db: AsyncSession, kind: str, now: datetime, limit: int) -> Sequence[str]:
    """Accounts in which somebody has to look for this."""
    found = accounts.Account.id
    joined = and_(_PURGINGS.c.account_id == found, _PURGINGS.c.kind == kind)
    statement = (
        select(found)
        .outerjoin(_PURGINGS, joined)
        .where(or_(_PURGINGS.c.next_at.is_(None), _PURGINGS.c.next_at <= now))
        .limit(limit)
    )
    return (await db.execute(statement)).scalars().all()


async def forget(
    db: AsyncSession, account_id: str, kind: str, before: datetime, now: datetime
) -> bool:
    """A piece of what is older than this is gone; False: there was nothing more. Under the lock."""
    row = {"account_id": account_id, "kind": kind, "place": "", "next_at": now}
    await db.execute(insert_new(db, _PURGINGS), [row])
    standing = await db.get_one(Purging, (account_id, kind))
    place = await KINDS[kind](db, account_id, standing.place, before, now)
    if place is None:
        standing.next_at = now + PAUSE
    else:
        standing.place = place
    await db.flush()
    return place is not None
