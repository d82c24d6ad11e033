"""
Suppressions: addresses that were found not to work, and get no mail of the account for a while.

Writing to dead addresses ruins a sender's name. Only what speaks of the address itself counts: a
full mailbox or a policy says nothing about it. Deliberately not here: what a reply to a suppressed
address does; whoever writes mail asks `suppressed_among`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, chunks, page_of
from app.domain.outbox.models import Suppression
from app.errors import NotFound
from app.mail.addresses import canonical

PERIOD = timedelta(days=90)
LONGEST = timedelta(days=720)
REASON_LIMIT = 500

# RFC 3463 3.2 and 3.3, RFC 7505 4.2: no such mailbox, no such system, not an address, moved,
# disabled, takes no mail.
_ADDRESS_FAILURES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


def is_address_failure(status: str) -> bool:
    """Does this enhanced status code (RFC 3463) say that the address will not work?"""
    return status in _ADDRESS_FAILURES


async def suppress(
    db: AsyncSession,
    account_id: str,
    address: str,
    reason: str,
    message_id: str | None,
    now: datetime,
) -> None:
    """
    The account writes no more to this address for 90 days; found dead again later, twice as long.

    Said again while it holds, only the reason is new. Under the account's lock.
    """
    found = (await suppressions_of(db, account_id, [address])).get(canonical(address))
    if found is None:
        new = Suppression(account_id=account_id, id=ids.new("sup"), address=canonical(address))
        new.expires_at = now + PERIOD
        db.add(new)
        found = new
    elif found.expires_at <= now:
        period = min(2 * (found.expires_at - found.created_at), LONGEST)
        found.expires_at = now + period
    else:
        found.reason, found.message_id = reason[:REASON_LIMIT], message_id
        await db.flush()
        return
    found.reason, found.message_id, found.created_at = reason[:REASON_LIMIT], message_id, now
    await db.flush()


async def suppressed_among(
    db: AsyncSession, account_id: str, addresses: Collection[str], now: datetime
) -> dict[str, Suppression]:
    """Those of the addresses that get no mail now, as they were given, and why."""
    found = await suppressions_of(db, account_id, addresses)
    return {
        address: found[canonical(address)]
        for address in addresses
        if canonical(address) in found and found[canonical(address)].expires_at > now
    }


async def suppressions_of(
    db: AsyncSession, account_id: str, addresses: Collection[str]
) -> dict[str, Suppression]:
    """What is known of these addresses, by canonical address, also what has expired."""
    found: dict[str, Suppression] = {}
    for some in chunks(sorted({canonical(one) for one in addresses})):
        statement = select(Suppression).where(
            Suppression.account_id == account_id, Suppression.address.in_(some)
        )
        found.update({one.address: one for one in (await db.execute(statement)).scalars()})
    return found


async def list_suppressions(
    db: AsyncSession, account_id: str, now: datetime, request: PageRequest
) -> Page[Suppression]:
    """The addresses that get no mail now."""
    statement = select(Suppression).where(
        Suppression.account_id == account_id, Suppression.expires_at > now
    )
    return await page_of(db, statement, [Suppression.id], request)


async def lift(db: AsyncSession, account_id: str, suppression_id: str) -> None:
    """The address gets mail again, and its history is forgotten. Raises NotFound."""
    gone = await db.execute(
        delete(Suppression)
        .where(Suppression.account_id == account_id, Suppression.id == suppression_id)
        .returning(Suppression.id)
    )
    if gone.first() is None:
        raise NotFound("There is no such suppression.", "outbox.no_such_suppression")
