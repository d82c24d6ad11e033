"""
Forgetting the octets of mails: rows at once, the blob store after the commit.

A blob is never deleted within the transaction that forgets it, which may fail, nor behind the back
of a mail with the same octets: a door puts large octets into the store before its transaction,
finds them there, and would lose them. So they are doomed first. While a digest is doomed, and a day
longer, octets that arrive are kept in the row (`among_doomed`); the store's may go at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, insert_new, padded
from app.domain.raw_mail.models import DoomedBlob, RawMail
from app.store import key_of

REMEMBERED = timedelta(days=1)  # far longer than any door holds a mail

_DOOMED: Table = DoomedBlob.__table__  # type: ignore[assignment]
_RAW: Table = RawMail.__table__  # type: ignore[assignment]

Key = tuple[str, str]  # account id, digest


async def forget(db: AsyncSession, account_id: str, digests: Collection[str], now: datetime) -> int:
    """
    The rows of these octets are gone, and the store's are doomed; gives how many there were.

    The caller holds the account's lock and knows that nothing needs them any more.
    """
    count = 0
    for some in chunks(sorted(digests)):
        theirs = (_RAW.c.account_id == account_id) & _RAW.c.digest.in_(some)
        found = (
            await db.execute(select(_RAW.c.digest, _RAW.c.content.is_(None)).where(theirs))
        ).all()
        await doom(db, {(account_id, digest) for digest, is_large in found if is_large}, now)
        await db.execute(delete(_RAW).where(theirs))
        count += len(found)
    return count


async def doom(db: AsyncSession, keys: Collection[Key], now: datetime) -> None:
    """The store is rid of these contents soon. Under the locks of their accounts."""
    rows = [
        {"account_id": account_id, "digest": digest, "doomed_at": now, "deleted_at": None}
        for account_id, digest in sorted(keys)
    ]
    if not rows:
        return
    await db.execute(insert_new(db, _DOOMED), rows)
    for account_id in {account_id for account_id, _ in keys}:
        for some in chunks([digest for of, digest in sorted(keys) if of == account_id]):
            again = (_DOOMED.c.account_id == account_id) & _DOOMED.c.digest.in_(some)
            await db.execute(update(_DOOMED).where(again).values(doomed_at=now, deleted_at=None))


async def orphans_among(db: AsyncSession, keys: Collection[Key]) -> set[Key]:
    """Those of these contents of the store that no row needs and that are not doomed yet."""
    left = set(keys)
    accounts = padded(sorted({account_id for account_id, _ in keys}))
    for some in chunks(sorted({digest for _, digest in keys})):
        rows = await db.execute(
            select(_RAW.c.account_id, _RAW.c.digest).where(
                _RAW.c.account_id.in_(accounts), _RAW.c.digest.in_(some), _RAW.c.content.is_(None)
            )
        )
        left -= {(row.account_id, row.digest) for row in rows}
    return left - await among_doomed(db, left)


async def doom_orphans(
    db: AsyncSession, account_id: str, digests: Collection[str], now: datetime
) -> int:
    """
    Those of these contents that no row needs are doomed; how many there were.

    Under the account's lock: a mail that was kept before has its row by now, and one that comes
    later finds them doomed.
    """
    orphans = await orphans_among(db, {(account_id, digest) for digest in digests})
    await doom(db, orphans, now)
    return len(orphans)


async def among_doomed(db: AsyncSession, keys: Collection[Key]) -> set[Key]:
    """Those of these whose octets have to stand in the row, whatever their size."""
    found: set[Key] = set()
    account_ids = sorted({account_id for account_id, _ in keys})
    for some in chunks(sorted({digest for _, digest in keys})):
        rows = await db.execute(
            select(_DOOMED.c.account_id, _DOOMED.c.digest).where(
                _DOOMED.c.account_id.in_(account_ids), _DOOMED.c.digest.in_(some)
            )
        )
        found.update((row.account_id, row.digest) for row in rows)
    return found & set(keys)


async def list_doomed(db: AsyncSession, limit: int) -> Sequence[Key]:
    """Contents that are still in the store, the oldest first."""
    rows = await db.execute(
        select(_DOOMED.c.account_id, _DOOMED.c.digest)
        .where(_DOOMED.c.deleted_at.is_(None))
        .order_by(_DOOMED.c.doomed_at)
        .limit(limit)
    )
    return [(row.account_id, row.digest) for row in rows]


def blob_of(key: Key) -> str:
    """Where the store has it."""
    return key_of(*key)


async def note_deleted(db: AsyncSession, key: Key, now: datetime) -> None:
    """The store has it no more."""
    account_id, digest = key
    await db.execute(
        update(_DOOMED)
        .where(_DOOMED.c.account_id == account_id, _DOOMED.c.digest == digest)
        .values(deleted_at=now)
    )


async def forget_deleted(db: AsyncSession, now: datetime) -> None:
    """What was deleted long ago may be kept in the store again."""
    await db.execute(delete(_DOOMED).where(_DOOMED.c.deleted_at < now - REMEMBERED))
