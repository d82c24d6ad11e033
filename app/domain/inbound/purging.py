"""
Purging: spam and what is held in quarantine is gone after 90 days (F5), with its octets.

The rows of the ledger stay, without mail. Deliberately not here: when that is looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import conversations
from app.domain.inbound.models import HELD, ReceivedMail
from app.domain.raw_mail import RawMail
from app.store import key_of

SPAM_DAYS = 90
PIECE = 100  # quarantined mails of one transaction


@dataclass(frozen=True, slots=True)
class Purged:
    """How much is gone, and the blobs that are to be deleted once that is committed."""

    count: int
    blobs: Sequence[str]


async def accounts_with_spam(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts with spam or quarantined mail from before this moment."""
    held = select(ReceivedMail.account_id).where(text(HELD), ReceivedMail.received_at < before)
    quarantined = (await db.execute(held.distinct().limit(limit))).scalars().all()
    marked = await conversations.accounts_with_spam(db, before, limit)
    return sorted({*quarantined, *marked})


async def purge(db: AsyncSession, account_id: str, before: datetime, now: datetime) -> Purged:
    """
    Some of the account's spam from before this moment is gone; a count of 0 says: nothing is left.

    The caller holds the account's lock, and deletes the blobs after the commit.
    """
    spam = await conversations.purge_spam(db, account_id, before, now)
    if spam.message_ids:
        await _empty(db, account_id, ReceivedMail.message_id.in_(spam.message_ids))
    held = select(ReceivedMail.id, ReceivedMail.raw_digest).where(
        text(HELD), ReceivedMail.account_id == account_id, ReceivedMail.received_at < before
    )
    rows = (await db.execute(held.order_by(ReceivedMail.received_at).limit(PIECE))).all()
    if rows:
        await _empty(db, account_id, ReceivedMail.id.in_([row.id for row in rows]))
    digests = {*spam.digests, *(row.raw_digest for row in rows)}
    blobs = await _forget_raw(db, account_id, digests)
    return Purged(len(spam.conversation_ids) + len(rows), blobs)


async def _empty(db: AsyncSession, account_id: str, which: object) -> None:
    await db.execute(
        update(ReceivedMail)
        .where(ReceivedMail.account_id == account_id, which)  # type: ignore[arg-type]
        .values(message_id=None, conversation_id=None, raw_digest=None)
        .execution_options(synchronize_session=False)
    )


async def _forget_raw(db: AsyncSession, account_id: str, digests: Collection[str]) -> list[str]:
    """Octets that no delivery names any more are gone; the keys of those in the blob store."""
    if not digests:
        return []
    named = select(ReceivedMail.raw_digest).where(
        ReceivedMail.account_id == account_id, ReceivedMail.raw_digest.in_(digests)
    )
    needed = set((await db.execute(named)).scalars())
    unneeded = [one for one in sorted(digests) if one not in needed]
    theirs = (RawMail.account_id == account_id) & RawMail.digest.in_(unneeded)
    large = await db.execute(select(RawMail.digest).where(theirs, RawMail.content.is_(None)))
    blobs = [key_of(account_id, digest) for digest in large.scalars()]
    await db.execute(delete(RawMail).where(theirs).execution_options(synchronize_session=False))
    return blobs
