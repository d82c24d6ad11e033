"""
Whose turn it is, while more mail is due than can be sent at once.

Accounts are served by turns, each with an equal part, so that one which has put twenty thousand
mails holds up nobody else's. Nothing here goes through the queue: a walk over the accounts that
have mail waiting steps from one to the next by the index, and of each a few mails are taken from
its head. Deliberately not here: the claim itself (`claiming`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import padded
from app.domain.outbox.models import IS_WAITING, OutboxItem

ALONE = timedelta(seconds=0.25)
STEPS = 200  # accounts that one walk passes, most of them perhaps with mail for later

Key = tuple[str, str]  # account id, item id


@dataclass(slots=True)
class Turns:
    """
    How far the round of the accounts has come: those `behind` this one are next.

    Until `alone_until` nobody looks for others than the one that was alone a moment ago.
    """

    behind: str = ""
    alone_until: datetime | None = None


def due(now: datetime, limit: int) -> Select[*tuple[Any, ...]]:
    """The mails that nobody has claimed and that waited longest."""
    statement = select(OutboxItem.account_id, OutboxItem.id).where(is_due(now))
    return statement.order_by(OutboxItem.next_attempt_at, OutboxItem.id).limit(limit)


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition that an item waits, is to be tried by now, and nobody is at it."""
    # IS_WAITING is spelled as the indexes spell it, else SQLite does not use them.
    return and_(IS_WAITING, OutboxItem.next_attempt_at <= now, unclaimed(now))


def unclaimed(now: datetime) -> ColumnElement[bool]:
    """The condition that nobody is sending an item at this moment."""
    return or_(OutboxItem.claimed_until.is_(None), OutboxItem.claimed_until <= now)


def among(keys: Sequence[Key]) -> ColumnElement[bool]:
    """Of these items, by the primary key: for a list of pairs SQLite goes through the table."""
    account_ids = sorted({account_id for account_id, _ in keys})
    ids_alone = [id_ for _, id_ in keys]  # no two items have the same, whosever they are
    return OutboxItem.account_id.in_(padded(account_ids)) & OutboxItem.id.in_(ids_alone)


async def next_due(db: AsyncSession, limit: int, now: datetime, turns: Turns) -> list[Key]:
    """
    At most `limit` mails that are due, to be claimed in this transaction.

    All of them while that is enough. Else accounts by turns, from those behind `turns` on, each
    with an equal part; what they leave free goes to the mails that waited longest.
    """
    oldest = await _locked(db, due(now, limit + 1))
    if len(oldest) <= limit:
        return oldest
    one_alone = len({account_id for account_id, _ in oldest}) == 1
    if one_alone and turns.alone_until is not None and now < turns.alone_until:
        return oldest[:limit]
    heads = await _heads(db, limit, now, turns)
    if one_alone and [account_id for account_id, _ in heads] == [oldest[0][0]]:
        turns.alone_until = now + ALONE
        return oldest[:limit]
    found: list[Key] = []
    if 2 * len(heads) > limit:  # a mail for each: they are asked for together
        found = await _locked(db, due(now, limit).where(among(heads)))
    else:
        for place, (account_id, _) in enumerate(heads):
            part = -(-(limit - len(found)) // (len(heads) - place))
            theirs = OutboxItem.account_id == account_id
            found += await _locked(db, due(now, part).where(theirs))
    chosen = set(found)
    return [*found, *(key for key in oldest if key not in chosen)][:limit]


async def _locked(db: AsyncSession, statement: Select[*tuple[Any, ...]]) -> list[Key]:
    """What others are just claiming is passed over, not waited for."""
    rows = await db.execute(statement.with_for_update(skip_locked=True, of=OutboxItem))
    return [(row.account_id, row.id) for row in rows]


async def _heads(db: AsyncSession, most: int, now: datetime, turns: Turns) -> Sequence[Key]:
    """Of the next accounts that have mail due the first mail; `turns` goes on to the last one."""
    start, found = turns.behind, dict[str, str]()
    for after in (start, "") if start else (start,):  # to the end, then from the beginning
        walk = (await db.execute(walk_from(after, now))).all()
        for account_id, head in walk:
            if account_id in found or len(found) == most:
                return list(found.items())
            turns.behind = account_id
            if head is not None:
                found[account_id] = head
        if len(walk) == STEPS:
            break
    return list(found.items())


def walk_from(behind: str, now: datetime) -> Select[*tuple[Any, ...]]:
    """The STEPS accounts behind this one that have mail waiting; the first that is due, or None."""
    first = select(_following(literal(behind)).label("account_id"), literal(1).label("step"))
    walk = first.cte("walk", recursive=True)
    more = select(_following(walk.c.account_id), walk.c.step + 1)
    walk = walk.union_all(more.where(walk.c.account_id.is_not(None), walk.c.step < STEPS))
    theirs = select(OutboxItem.id).where(OutboxItem.account_id == walk.c.account_id, is_due(now))
    head = theirs.order_by(OutboxItem.next_attempt_at, OutboxItem.id).limit(1).scalar_subquery()
    return (
        select(walk.c.account_id, head.label("head"))
        .where(walk.c.account_id.is_not(None))
        .order_by(walk.c.step)
    )


def _following(account_id: ColumnElement[Any]) -> ColumnElement[Any]:
    statement = select(OutboxItem.account_id).where(IS_WAITING, OutboxItem.account_id > account_id)
    # In the order of one index alone, lest another is used that holds what was sent, too.
    order = (OutboxItem.account_id, OutboxItem.next_attempt_at, OutboxItem.id)
    return statement.order_by(*order).limit(1).scalar_subquery()
