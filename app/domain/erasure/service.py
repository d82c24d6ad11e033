"""
Erasing a contact: what the person is, in one transaction; what was written, at once or bit by bit.

Few mails are erased within the request. For many, or an account with a long log, the worker goes
on; the receipt says how far it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, dialect_of, page_of
from app.domain import contacts, events, tickets
from app.domain.erasure.models import DONE, IS_RUNNING, RUNNING, Erasure
from app.domain.erasure.walking import STAGES, Walk
from app.domain.erasure.whose import own_addresses
from app.domain.events import NewEvent
from app.errors import NotFound
from app.store import BlobStore

AT_ONCE = 24  # pieces that a request does; more than ten are needed when there is nothing to do
FIRST = next(iter(STAGES))


async def erase_contact(
    db: AsyncSession,
    store: BlobStore,
    secret: bytes,
    account_id: str,
    contact_id: str,
    *,
    now: datetime,
) -> Erasure:
    """
    The contact is erased, and so is what it wrote, now or soon; gives the receipt.

    Raises NotFound. Under the account's lock.
    """
    contact = await contacts.get_contact(db, account_id, contact_id)
    wanted = await own_addresses(db, contact)
    async with _overwriting(db):
        await contacts.erase(db, account_id, contact_id, now=now)
        count = await tickets.erase_contact(db, account_id, contact_id)
    erasure = Erasure(
        account_id=account_id,
        id=ids.new("era"),
        contact_id=contact_id,
        state=RUNNING,
        requested_at=now,
        finished_at=None,
        counts={"contacts": 1, "tickets": count},
        stage=FIRST,
        place="",
        wanted=sorted(wanted),
    )
    db.add(erasure)
    await db.flush()
    for _ in range(AT_ONCE):
        if erasure.state == DONE:
            break
        await advance(db, store, secret, erasure, now)
    return erasure


async def advance(
    db: AsyncSession, store: BlobStore, secret: bytes, erasure: Erasure, now: datetime
) -> None:
    """One more piece of it is done, and perhaps the last one. Under the account's lock."""
    walk = Walk(db, store, secret, erasure, now)
    async with _overwriting(db):
        place = await STAGES[erasure.stage](walk, erasure.place)
        erasure.place = place or ""
        if place is None:
            await _to_next_stage(db, erasure, now)
    db.expunge_all()
    db.add(erasure)


async def _to_next_stage(db: AsyncSession, erasure: Erasure, now: datetime) -> None:
    names = list(STAGES)
    following = names[names.index(erasure.stage) + 1 :]
    erasure.stage = following[0] if following else DONE
    if not following:
        erasure.state, erasure.finished_at, erasure.wanted = DONE, now, None
        facts = {"contact_id": erasure.contact_id, "erasure_id": erasure.id}
        await events.record(db, [NewEvent(erasure.account_id, "contact.erased", facts)], now)


@contextlib.asynccontextmanager
async def _overwriting(db: AsyncSession) -> AsyncIterator[None]:
    """What is deleted within the block is overwritten, too: SQLite leaves it in its free pages."""
    embedded = dialect_of(db) == "sqlite"
    if embedded:
        await db.execute(text("PRAGMA secure_delete=ON"))
    yield
    await db.flush()
    if embedded:
        await db.execute(text("PRAGMA secure_delete=OFF"))


async def get_erasure(db: AsyncSession, account_id: str, erasure_id: str) -> Erasure:
    """The receipt. Raises NotFound."""
    found = await db.get(Erasure, (account_id, erasure_id))
    if found is None:
        raise NotFound("There is no such erasure.", "erasures.not_found")
    return found


async def list_erasures(
    db: AsyncSession, account_id: str, contact_id: str | None, request: PageRequest
) -> Page[Erasure]:
    """The receipts, the newest first."""
    statement = select(Erasure).where(Erasure.account_id == account_id)
    if contact_id is not None:
        statement = statement.where(Erasure.contact_id == contact_id)
    return await page_of(db, statement, [Erasure.id], request, descending=True)


async def running(db: AsyncSession, limit: int) -> Sequence[tuple[str, str]]:
    """Account and id of erasures that are not done, the oldest first."""
    statement = select(Erasure.account_id, Erasure.id).where(IS_RUNNING)
    rows = await db.execute(statement.order_by(Erasure.requested_at).limit(limit))
    return [(row.account_id, row.id) for row in rows]
