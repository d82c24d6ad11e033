"""
The service clocks of conversations: when they begin, stop, and go on.

Deliberately not here: what a clock is (`tickets.clocks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import tickets
from app.domain.conversations.known import CONVERSATIONS
from app.domain.conversations.models import Conversation
from app.domain.tickets import Clock, Terms

CLOSED = "closed"

_CLOCK = (
    update(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.account_id == bindparam("in_account"),
        CONVERSATIONS.c.id == bindparam("in_id"),
    )
    .values({name: bindparam(f"new_{name}") for name in Clock().columns()})
)


async def run(db: AsyncSession, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """The clocks of these conversations begin, or go on."""
    if not rows:
        return
    terms = await tickets.terms_of(db, {(row["account_id"], row["channel_id"]) for row in rows})
    values = []
    for row in rows:
        columns = _running(
            tickets.clock_in(row), terms[(row["account_id"], row["channel_id"])], now
        ).columns()
        row.update(columns)
        new = {f"new_{name}": value for name, value in columns.items()}
        values.append({"in_account": row["account_id"], "in_id": row["id"], **new})
    await db.execute(_CLOCK, values)


def _running(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if clock.started_at is None:
        return tickets.started(terms, now)
    return tickets.resumed(clock, terms, now)


def turned(
    clock: Clock,
    conversation: Conversation,
    what: str | None,
    terms: Terms,
    now: datetime,
) -> Clock:
    """The conversation's clock after this has happened."""
    if what == tickets.ON_AGENT_REPLY:
        return tickets.answered(clock, terms, now)
    if what == tickets.ON_CLOSED:
        return tickets.stopped(clock, terms, now)
    if what is None or conversation.state == CLOSED or conversation.spam:
        return clock
    if clock.started_at is None and what == tickets.ON_REOPENED:
        return clock
    return _running(clock, terms, now)
