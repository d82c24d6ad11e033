"""
What became of mail that was handed on: accepted, put off, refused, and come back later.

Each verb is called under the accounts' locks, because it records events (`message.sent` with the
first recipient of a message that another server took over, `message.delivery_changed` with every
change of a recipient's state). Mail that belongs to no message has none. Deliberately not here:
speaking SMTP; the worker says what it was told.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import events
from app.domain.events import NewEvent
from app.domain.outbox.claiming import WAITING
from app.domain.outbox.models import OutboxItem
from app.domain.outbox.service import BOUNCED, CANCELED, DEFERRED, FAILED, QUEUED, SENT
from app.domain.outbox.suppressions import is_address_failure, suppress

JITTER = 0.1  # of a wait, so that what failed together does not come again together
DETAIL_LIMIT = 500  # characters of the other side's words
CANCELED_WORDS = "Canceled before it was sent."


@dataclass(frozen=True, slots=True)
class Result:
    """
    What a try has come to: `sent`, `deferred` (try again) or `failed` (for good); `queued` when
    nothing is to be said of it and it only has to wait.

    `detail` are the other side's words. `status` is its enhanced status code (RFC 3463) when the
    recipient's address was what it refused, else empty. Without `tried` it was no attempt: nobody
    could be asked, and it is not tried `not_before` that time.
    """

    account_id: str
    item_id: str
    state: str
    detail: str
    status: str = ""
    tried: bool = True
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A delivery as users see it: nobody but us knows that a failed one was canceled."""

    recipient: str
    state: str
    detail: str
    attempts: int


def shown(item: OutboxItem) -> Shown:
    """The delivery that an item stands for."""
    canceled = item.state == CANCELED
    return Shown(
        recipient=item.recipient,
        state=FAILED if canceled else item.state,
        detail=CANCELED_WORDS if canceled else item.detail,
        attempts=item.attempts,
    )


async def record(
    db: AsyncSession, who: str, results: Sequence[Result], waits: Sequence[int], now: datetime
) -> None:
    """
    The results of `who`, all of one account, are written down; the claims end.

    `waits`: seconds before the second, third … try; after the last one the mail has failed. Of an
    item that somebody else has claimed meanwhile, only that it was sent is of interest.
    """
    account_id = results[0].account_id
    items = await _items(db, account_id, [one.item_id for one in results])
    before = await _sent_before(db, account_id, _messages(items.values()))
    changes: list[dict[str, Any]] = []
    news: list[NewEvent] = []
    for result in results:
        item = items.get(result.item_id)
        if item is None or not _counts(item, who, result):
            continue
        change = _change(item, result, waits, now)
        changes.append(change)
        news += _news(item, change["b_state"], change["b_detail"], before)
        if change["b_state"] == FAILED and is_address_failure(result.status):
            await suppress(db, account_id, item.recipient, result.detail, item.message_id, now)
    if changes:
        await db.execute(_CHANGE, changes)
        await events.record(db, news, now)


async def bounced(
    db: AsyncSession,
    account_id: str,
    message_id: str,
    position: int,
    detail: str,
    status: str,
    permanent: bool,
    now: datetime,
) -> None:
    """
    A report came back about this recipient of this message. Said again, it changes nothing.

    A permanent one makes the delivery `bounced`, and it is not tried again; what is late keeps its
    state and gets the detail (RFC 3464 2.3.3). What we know to have failed stays as it is.
    """
    statement = select(OutboxItem).where(
        OutboxItem.account_id == account_id,
        OutboxItem.message_id == message_id,
        OutboxItem.position == position,
    )
    item = (await db.execute(statement)).scalars().first()
    if item is None or item.state not in (SENT, *WAITING):
        return
    if not item.recipient:  # erased: nothing of what is said about him is kept
        return
    state = BOUNCED if permanent else item.state
    detail = detail[:DETAIL_LIMIT]
    if (state, detail) == (item.state, item.detail):
        return
    facts = _facts(item, state, detail)
    item.state, item.detail = state, detail
    await db.flush()
    await events.record(db, [NewEvent(account_id, "message.delivery_changed", facts)], now)
    if permanent and is_address_failure(status):
        await suppress(db, account_id, item.recipient, detail, message_id, now)


_CHANGE = (
    update(OutboxItem.__table__)  # type: ignore[arg-type]
    .where(OutboxItem.account_id == bindparam("b_account_id"), OutboxItem.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        detail=bindparam("b_detail"),
        attempts=bindparam("b_attempts"),
        next_attempt_at=bindparam("b_next_attempt_at"),
        sent_at=bindparam("b_sent_at"),
        claimed_by=None,
        claimed_until=None,
    )
)


async def _items(
    db: AsyncSession, account_id: str, item_ids: Sequence[str]
) -> dict[str, OutboxItem]:
    found: dict[str, OutboxItem] = {}
    for some in chunks(item_ids):
        statement = select(OutboxItem).where(
            OutboxItem.account_id == account_id, OutboxItem.id.in_(some)
        )
        found.update({item.id: item for item in (await db.execute(statement)).scalars()})
    return found


def _messages(items: Iterable[OutboxItem]) -> list[str]:
    return sorted({item.message_id for item in items if item.message_id is not None})


async def _sent_before(
    db: AsyncSession, account_id: str, message_ids: Sequence[str]
) -> set[str | None]:
    """The messages of which a recipient's server took over a copy already."""
    found: set[str | None] = set()
    for some in chunks(message_ids):
        statement = select(OutboxItem.message_id).where(
            OutboxItem.account_id == account_id,
            OutboxItem.message_id.in_(some),
            OutboxItem.sent_at.is_not(None),
        )
        found.update((await db.execute(statement)).scalars())
    return found


def _counts(item: OutboxItem, who: str, result: Result) -> bool:
    if result.state == SENT:
        return item.state in (*WAITING, CANCELED)
    return item.state in WAITING and item.claimed_by == who


def _change(
    item: OutboxItem, result: Result, waits: Sequence[int], now: datetime
) -> dict[str, Any]:
    attempts = item.attempts + 1 if result.tried else item.attempts
    state, detail = result.state, result.detail[:DETAIL_LIMIT]
    if not item.recipient:  # erased while it was under way
        detail = ""
    next_attempt_at = item.next_attempt_at
    if state == QUEUED:
        state, detail, next_attempt_at = item.state, item.detail, result.not_before or now
    elif state == DEFERRED and not result.tried:
        next_attempt_at = result.not_before or now
    elif state == DEFERRED and attempts > len(waits):
        state = FAILED
        detail = f"Gave up after {attempts} tries. The last answer: {detail}"[:DETAIL_LIMIT]
    elif state == DEFERRED:
        wait = waits[attempts - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
        next_attempt_at = now + timedelta(seconds=wait)
    return {
        "b_account_id": item.account_id,
        "b_id": item.id,
        "b_state": state,
        "b_detail": detail,
        "b_attempts": attempts,
        "b_next_attempt_at": next_attempt_at,
        "b_sent_at": now if state == SENT else item.sent_at,
    }


def _news(item: OutboxItem, state: str, detail: str, before: set[str | None]) -> list[NewEvent]:
    if item.message_id is None or state == item.state:
        return []
    facts = _facts(item, state, detail)
    news = [NewEvent(item.account_id, "message.delivery_changed", facts)]
    if state == SENT and item.message_id not in before:
        before.add(item.message_id)
        sent = {"message_id": item.message_id}
        news.insert(0, NewEvent(item.account_id, "message.sent", sent))
    return news


def _facts(item: OutboxItem, state: str, detail: str) -> dict[str, Any]:
    return {
        "message_id": item.message_id,
        "recipient": item.recipient,
        "state": state,
        "detail": detail,
    }
