"""
Draining: conversations that wait because nobody was there are assigned, the oldest first (H2).

Called by whatever may make somebody available or free, in its transaction, and every minute by the
worker, because a working day begins without anybody's request.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import events, routing, tickets
from app.domain.conversations import indexing, notices
from app.domain.conversations.assigning import assigned, case_of, count_loads, words_of
from app.domain.conversations.internal import event_row
from app.domain.conversations.known import CONVERSATIONS, MESSAGES
from app.domain.conversations.models import AWAITING_ROUTING
from app.domain.events import NewEvent
from app.domain.routing import Desk
from app.domain.sender_identity import Post

AT_ONCE = 100  # that one transaction assigns
LOOKED_AT = 500  # that one transaction looks at

Place = tuple[datetime, str]  # created_at, id

_COLUMNS = ("account_id", "id", "channel_id", "contact_id", "subject", "created_at")
_WAITING = (
    select(*(CONVERSATIONS.c[name] for name in _COLUMNS))
    .where(CONVERSATIONS.c.account_id == bindparam("of"), text(AWAITING_ROUTING.text))
    .order_by(CONVERSATIONS.c.created_at, CONVERSATIONS.c.id)
    .limit(LOOKED_AT)
)
_ASSIGN = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.account_id == bindparam("of"), CONVERSATIONS.c.id == bindparam("which"))
    .values(assignee_id=bindparam("whom"), routing_decision=bindparam("why"), awaits_routing=False)
)


async def accounts_waiting(db: AsyncSession) -> list[str]:
    """The accounts in which something waits."""
    statement = select(CONVERSATIONS.c.account_id).where(text(AWAITING_ROUTING.text)).distinct()
    return sorted((await db.execute(statement)).scalars())


async def drain(db: AsyncSession, account_id: str, now: datetime, post: Post | None = None) -> int:
    """
    Assign what waits, as far as people are there; how many were assigned.

    The caller holds the account's lock. At most AT_ONCE; the worker does the rest. When nothing
    waits, one look-up is all it costs.
    """
    assigned_now, _ = await drain_from(db, account_id, None, now, post)
    return assigned_now


async def drain_from(
    db: AsyncSession, account_id: str, after: Place | None, now: datetime, post: Post | None
) -> tuple[int, Place | None]:
    """The same for those behind `after`; also where to go on, None when the end was reached."""
    await db.flush()  # what the caller has changed decides who is there
    statement = _WAITING
    if after is not None:
        at, last = CONVERSATIONS.c.created_at, CONVERSATIONS.c.id
        statement = statement.where((at > after[0]) | ((at == after[0]) & (last > after[1])))
    rows = [dict(row) for row in (await db.execute(statement, {"of": account_id})).mappings()]
    if not rows:
        return 0, None
    desk = await routing.open_desk(db, [case_of(row) for row in rows], count_loads, now)
    done: list[dict[str, Any]] = []
    ended: list[str] = []
    seen = rows[-1]
    for row in rows:
        if _settle(desk, row, ended):
            done.append(row)
        if len(done) == AT_ONCE:
            seen = row
            break
    await _write(db, desk, account_id, done, ended, now, post)
    more = len(rows) == LOOKED_AT or seen is not rows[-1]
    return len(done), (seen["created_at"], seen["id"]) if more else None


def _settle(desk: Desk | None, row: dict[str, Any], ended: list[str]) -> bool:
    """Is the conversation assigned? One whose rule finds nobody any more has ended waiting."""
    case = case_of(row)
    if desk is None or not desk.routes(case):
        ended.append(row["id"])
        return False
    decision = desk.propose(case)
    if decision.winner is None:
        if not decision.waiting:
            ended.append(row["id"])
        return False
    row["decision"] = decision
    row["record"] = desk.hand_out(case, decision, cause="drained")
    return True


async def _write(
    db: AsyncSession,
    desk: Desk | None,
    account_id: str,
    done: list[dict[str, Any]],
    ended: list[str],
    now: datetime,
    post: Post | None,
) -> None:
    for some in chunks(ended):
        await db.execute(
            update(CONVERSATIONS)
            .where(CONVERSATIONS.c.account_id == account_id, CONVERSATIONS.c.id.in_(some))
            .values(awaits_routing=False)
        )
    if desk is None:
        return
    news: list[NewEvent] = []
    if done:
        await db.execute(
            _ASSIGN,
            [
                {
                    "of": account_id,
                    "which": row["id"],
                    "whom": row["record"]["winner"],
                    "why": row["record"],
                }
                for row in done
            ],
        )
        messages = [event_row(row, words_of(row["decision"]), now) for row in done]
        await db.execute(insert(MESSAGES), messages)
        await indexing.index(db, messages)
        news = [assigned(row, row["record"]) for row in done]
        owners = {row["id"]: row["record"]["winner"] for row in done}
        news += await tickets.follow_assignees(db, account_id, owners, now)
    news += await desk.write(db)
    await events.record(db, news, now)
    for row in done:
        if row["decision"].notify and post is not None:
            owner = desk.person(case_of(row), row["decision"])
            await notices.send_later(db, post, row, owner, now)
