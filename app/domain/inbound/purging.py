"""
Purging: spam and what is held in quarantine is gone after 90 days (F5), with its octets.

The rows of the ledger stay, without mail. Deliberately not here: when that is looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import conversations, raw_mail
from app.domain.inbound.models import HELD, ReceivedMail

SPAM_DAYS = 90
PIECE = 100  # quarantined mails of one transaction


async def accounts_with_spam(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts with spam or quarantined mail from before this moment."""
    held = select(ReceivedMail.account_id).where(text(HELD), ReceivedMail.received_at < before)
    quarantined = (await db.execute(held.distinct().limit(limit))).scalars().all()
    marked = await conversations.accounts_with_spam(db, before, limit)
    return sorted({*quarantined, *marked})


async def purge(db: AsyncSession, account_id: str, before: datetime, now: datetime) -> int:
    """
    Some of the account's spam from before this moment is gone; 0 says: nothing is left.

    The caller holds the account's lock.
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
    await forget_unneeded(db, account_id, digests, now)
    return len(spam.conversation_ids) + len(rows)


async def _empty(db: AsyncSession, account_id: str, which: object) -> None:
    await db.execute(
        update(ReceivedMail)
        .where(ReceivedMail.account_id == account_id, which)  # type: ignore[arg-type]
        .values(message_id=None, conversation_id=None, raw_digest=None)
        .execution_options(synchronize_session=False)
    )


async def forget_unneeded(
    db: AsyncSession, account_id: str, digests: Collection[str], now: datetime
) -> int:
    """The octets that no delivery names any more are gone; how many."""
    needed: set[str | None] = set()
    for some in chunks(sorted(digests)):
        named = select(ReceivedMail.raw_digest).where(
            ReceivedMail.account_id == account_id, ReceivedMail.raw_digest.in_(some)
        )
        needed.update((await db.execute(named)).scalars())
    return await raw_mail.forget(db, account_id, set(digests) - needed, now)
