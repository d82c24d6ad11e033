"""
Reading the log: a piece at a time by sequence number, for as long as events are kept.

A reader's place is the number of the last event that it has seen. Deliberately not here: waiting
for more; that is a door's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.domain.events.models import Event, EventSequence
from app.errors import Conflict, Invalid

TOO_OLD = "events.after_too_old"
BAD_PLACE = "request.bad_cursor"
PIECE = 1000  # events that one transaction forgets
ALL = ".*"  # `conversation.*`: every type of that noun


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Events in their order. `next_after` is the place behind them: behind everything that was passed
    over because of its type as well. `more`: there may be more at once.
    """

    items: Sequence[Event]
    next_after: int
    more: bool


async def list_events(
    db: AsyncSession,
    account_id: str,
    *,
    after: int | None = None,
    until: int | None = None,
    limit: int,
    types: Collection[str] = (),
) -> Piece:
    """
    The events behind `after` (none: from the oldest that is kept), at most `limit`.

    `until` is the last number that is wanted. Raises Conflict `events.after_too_old` when events
    behind `after` are no longer kept, Invalid when the log has not come to `after` yet.
    """
    # First how far it goes: what commits meanwhile is of the next piece.
    last = await last_of(db, account_id)
    place = await _checked(db, account_id, after, last)
    end = last if until is None else min(until, last)
    statement = select(Event).where(
        Event.account_id == account_id, Event.sequence > place, Event.sequence <= end
    )
    if types:
        statement = statement.where(_of_types(types))
    found = (await db.execute(statement.order_by(Event.sequence).limit(limit))).scalars().all()
    if len(found) == limit:
        return Piece(found, found[-1].sequence, more=True)
    return Piece(found, max(end, place), more=False)


async def last_of(db: AsyncSession, account_id: str) -> int:
    """The number of the account's newest event; 0 when there was none."""
    last = await db.scalar(select(EventSequence.last).where(EventSequence.account_id == account_id))
    return last or 0


async def _checked(db: AsyncSession, account_id: str, after: int | None, last: int) -> int:
    if after is not None and after > last:
        raise Invalid("The log has not come to this place.", BAD_PLACE)
    first = await db.scalar(select(func.min(Event.sequence)).where(Event.account_id == account_id))
    gone = (first or last + 1) - 1
    if after is None:
        return gone
    if after < gone:
        raise Conflict(
            f"Events up to number {gone} are no longer kept. Read the current state of what you "
            f"follow, then go on without `after`, or with after={gone}.",
            TOO_OLD,
        )
    return after


def _of_types(types: Collection[str]) -> ColumnElement[bool]:
    exact = [one for one in types if not one.endswith(ALL)]
    nouns = [one.removesuffix("*") for one in types if one.endswith(ALL)]
    return or_(
        Event.type.in_(exact), *[Event.type.startswith(noun, autoescape=True) for noun in nouns]
    )


def is_of(event_type: str, types: Collection[str]) -> bool:
    """Is the type one of these? `conversation.*` is every type of that noun; no types: all."""
    noun = event_type.partition(".")[0]
    return not types or event_type in types or noun + ALL in types


async def read_log(
    db: AsyncSession, account_id: str, after: int, until: datetime, limit: int
) -> Sequence[Event]:
    """Some of the events behind this number, to be looked through; none later than this moment."""
    statement = select(Event).where(
        Event.account_id == account_id, Event.sequence > after, Event.created_at <= until
    )
    return (await db.execute(statement.order_by(Event.sequence).limit(limit))).scalars().all()


async def get_many(
    db: AsyncSession, account_id: str, sequences: Collection[int]
) -> dict[int, Event]:
    """Those of these events that are kept, by their number."""
    statement = select(Event).where(
        Event.account_id == account_id, Event.sequence.in_(sorted(set(sequences)))
    )
    return {one.sequence: one for one in (await db.execute(statement)).scalars()}


async def accounts_with_older(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts whose oldest event is from before this moment."""
    earlier = aliased(Event)
    oldest = (
        select(func.min(earlier.sequence))
        .where(earlier.account_id == EventSequence.account_id)
        .correlate(EventSequence)
        .scalar_subquery()
    )
    older = exists().where(
        and_(
            Event.account_id == EventSequence.account_id,
            Event.sequence == oldest,
            Event.created_at < before,
        )
    )
    statement = select(EventSequence.account_id).where(older).limit(limit)
    return (await db.execute(statement)).scalars().all()


async def forget_older(db: AsyncSession, account_id: str, before: datetime) -> int:
    """
    The oldest events from before this moment are gone, a piece of them; how many it were.

    What is left is without gaps. The caller holds the account's lock.
    """
    oldest = (
        select(Event.sequence, Event.created_at)
        .where(Event.account_id == account_id)
        .order_by(Event.sequence)
        .limit(PIECE)
        .subquery()
    )
    found = await db.execute(
        select(func.max(oldest.c.sequence), func.count()).where(oldest.c.created_at < before)
    )
    last, count = found.one()
    if last is not None:
        await db.execute(
            delete(Event).where(Event.account_id == account_id, Event.sequence <= last)
        )
    return int(count)
