"""
Who takes the conversations that a group of mails has opened: the routing room decides.

`team_id` is left alone: routing finds a person, and the decision says through which team. Turns
count what routing assigned, not what people took or gave by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, padded
from app.domain import accounts, channels, contacts, routing
from app.domain.conversations import notices
from app.domain.conversations.internal import event_row
from app.domain.conversations.known import CONVERSATIONS, Group
from app.domain.conversations.models import OPEN_ASSIGNED
from app.domain.events import NewEvent
from app.domain.routing import Case, Decision
from app.errors import NotFound, invalid_field
from app.mail.addresses import canonical

_LOADS = (
    select(CONVERSATIONS.c.account_id, CONVERSATIONS.c.assignee_id, func.count())
    .where(
        CONVERSATIONS.c.account_id.in_(bindparam("accounts")),
        CONVERSATIONS.c.assignee_id.in_(bindparam("users")),
        text(OPEN_ASSIGNED.text),
    )
    .group_by(CONVERSATIONS.c.account_id, CONVERSATIONS.c.assignee_id)
)


async def count_loads(
    db: AsyncSession, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """How many open conversations these (account id, user id) have; one look-up for all."""
    found: dict[tuple[str, str], int] = {}
    accounts = padded(sorted({account_id for account_id, _ in wanted}))
    for some in chunks(sorted({user_id for _, user_id in wanted})):
        rows = await db.execute(_LOADS, {"accounts": accounts, "users": some})
        found.update({(account_id, user_id): count for account_id, user_id, count in rows})
    return found


def case_of(row: Mapping[str, Any]) -> Case:
    """The conversation as routing sees it."""
    return Case(row["account_id"], row["channel_id"], row["id"], row["contact_id"])


async def route_opened(db: AsyncSession, group: Group, now: datetime) -> None:
    """The opened conversations' rows say who is assigned and why; they are not yet inserted."""
    opened = [
        row
        for row in group.opened
        if (row["account_id"], row["channel_id"]) in group.routing and not row["spam"]
    ]
    if not opened:
        return
    desk = await routing.open_desk(db, [case_of(row) for row in opened], count_loads, now)
    if desk is None:
        return
    group.desk = desk
    for row in opened:
        case = case_of(row)
        if not desk.routes(case):
            continue
        decision = desk.propose(case)
        row["routing_decision"] = desk.hand_out(case, decision, cause="opened")
        row["assignee_id"], row["awaits_routing"] = decision.winner, decision.waiting
        if decision.winner is not None:
            group.messages.append(event_row(row, words_of(decision), now))
            group.events.append(assigned(row, row["routing_decision"]))
        if decision.notify and group.post is not None:
            group.notices.append((row, desk.person(case, decision)))


async def keep_decisions(db: AsyncSession, group: Group, now: datetime) -> None:
    """What was decided is written, now that the conversations are there."""
    if group.desk is not None:
        group.events += await group.desk.write(db)
    for row, owner in group.notices:
        assert group.post is not None
        await notices.send_later(db, group.post, row, owner, now)


def words_of(decision: Decision) -> str:
    """The event of the history, in the form that changes by hand have."""
    return f"assignee_id: None → {decision.winner} (routing: {decision.reason})"


def assigned(row: Mapping[str, Any], record: Mapping[str, Any]) -> NewEvent:
    """What is told of an assignment; the candidates stand in the stored decision."""
    facts = {
        "conversation_id": row["id"],
        "changes": {"assignee_id": {"before": None, "after": record["winner"]}},
        "routing_decision": {name: one for name, one in record.items() if name != "candidates"},
    }
    return NewEvent(row["account_id"], "conversation.assigned", facts)


async def simulate(
    db: AsyncSession,
    account_id: str,
    channel_id: str,
    *,
    contact_id: str | None,
    address: str | None,
    moment: datetime,
) -> dict[str, Any]:
    """
    The decision that a new conversation would get at this moment; nothing is changed.

    Somebody unknown is one without an owner. Raises NotFound; Invalid for an unknown contact, and
    for an address that is none.
    """
    await channels.get(db, account_id, channel_id)
    if contact_id is not None:
        try:
            await contacts.get_contact(db, account_id, contact_id)
        except NotFound as fault:
            raise invalid_field(
                "/contact_id", "There is no such contact.", "routing.unknown_contact"
            ) from fault
    elif address is not None:
        box = accounts.mailbox(address, "/address", "routing.bad_address")
        contact_id = await contacts.contact_at(db, account_id, canonical(box.address))
    case = Case(account_id, channel_id, "", contact_id)
    desk = await routing.open_desk(db, [case], count_loads, moment)
    if desk is None:
        nobody = Decision(routing.UNASSIGNED, routing.ROUND_ROBIN, (), None, "off")
        return nobody.record(moment, cause="simulated")
    return desk.propose(case).record(moment, cause="simulated")
