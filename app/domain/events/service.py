"""The verbs of the event log."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import dialect_of
from app.domain.events.models import Event, EventSequence
from app.rows import insert_rows

_SEQUENCES: Table = EventSequence.__table__  # type: ignore[assignment]
_INSERT = insert(Event.__table__)  # type: ignore[arg-type]
_RECORDED = "events.recorded_in"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What happened: `noun.past_participle` and the facts, JSON only."""

    account_id: str
    type: str
    data: dict[str, Any]


async def record(db: AsyncSession, news: Sequence[NewEvent], now: datetime) -> None:
    """
    Append to the logs of the accounts, in the order given.

    The caller holds the accounts' locks (`accounts.lock`): that is what makes a reader who
    follows the sequence never miss an event of a transaction that committed later.
    """
    if not news:
        return
    counts: dict[str, int] = {}
    for new in news:
        counts[new.account_id] = counts.get(new.account_id, 0) + 1
    following = {
        account_id: await _reserve(db, account_id, counts[account_id])
        for account_id in sorted(counts)
    }
    rows = []
    for new in news:
        sequence = following[new.account_id]
        following[new.account_id] += 1
        rows.append(
            {
                "account_id": new.account_id,
                "sequence": sequence,
                "id": ids.new("evt"),
                "type": new.type,
                "data": new.data,
                "created_at": now,
            }
        )
    await insert_rows(db, _INSERT, rows)
    wake(db, counts)


def wake(db: AsyncSession, account_ids: Iterable[str]) -> None:
    """Whoever follows these accounts looks at them once the transaction is committed."""
    db.info.setdefault(_RECORDED, set()).update(account_ids)


def recorded_in(info: Mapping[Any, Any]) -> Collection[str]:
    """The accounts that a transaction with this `db.info` recorded events in."""
    found: Collection[str] = info.get(_RECORDED, ())
    return found


async def _reserve(db: AsyncSession, account_id: str, count: int) -> int:
    """Take `count` numbers of the account; the first of them."""
    numbers = await db.execute(
        _reserving(dialect_of(db)), {"account_id": account_id, "last": count}
    )
    last: int = numbers.scalar_one()
    return last - count + 1


@functools.cache
def _reserving(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(_SEQUENCES)
    return statement.on_conflict_do_update(
        index_elements=[_SEQUENCES.c.account_id],
        set_={"last": _SEQUENCES.c.last + statement.excluded.last},
    ).returning(_SEQUENCES.c.last)
