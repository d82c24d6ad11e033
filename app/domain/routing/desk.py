"""
The desk: what routing has to know for a number of conversations, looked up at one time.

Conversations are handed out one after the other; turns and loads go on in memory, and are written
at the end. The caller holds the accounts' locks, which makes turns exact with several processes.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, literal, null, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Moment, chunks, dialect_of, padded
from app.domain import accounts, contacts
from app.domain.events import NewEvent
from app.domain.routing import rules
from app.domain.routing.models import RoutingDecision, RoutingRule, RoutingTurn
from app.domain.routing.rules import Decision, Draw, Owner, Person, Rule
from app.domain.routing.service import rule_of

_RULES: Table = RoutingRule.__table__  # type: ignore[assignment]
_TURNS: Table = RoutingTurn.__table__  # type: ignore[assignment]
_DECISIONS: Table = RoutingDecision.__table__  # type: ignore[assignment]

Key = tuple[str, str]  # account id, id
CountLoads = Callable[[AsyncSession, Collection[Key]], Awaitable[dict[Key, int]]]
"""The open conversations of each of these users; asked only where a rule or a limit needs it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation that somebody is to take."""

    account_id: str
    channel_id: str
    conversation_id: str
    contact_id: str | None


@dataclass(slots=True)
class Desk:
    """
    See the module. `faults` are those that were told already; `decided` are the decisions that are
    to be written, in their order.
    """

    moment: datetime
    faults: dict[Key, str | None] = field(default_factory=dict)
    rules: dict[Key, Rule] = field(default_factory=dict)
    people: dict[str, dict[str, Person]] = field(default_factory=dict)  # by account
    members: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # by account
    owners: dict[Key, tuple[str | None, bool]] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)  # the last one of each account
    decided: list[tuple[Case, dict[str, Any]]] = field(default_factory=list)
    _changed: dict[Key, Person] = field(default_factory=dict)

    def routes(self, case: Case) -> bool:
        """Is there a rule that is to find somebody?"""
        return (case.account_id, case.channel_id) in self.rules

    def propose(self, case: Case, draw: Draw = secrets.randbelow) -> Decision:
        """What would be decided now; nothing is handed out."""
        owner_id, tracked = self.owners.get((case.account_id, case.contact_id or ""), (None, False))
        return rules.decide(
            self.rules[case.account_id, case.channel_id],
            self.people.get(case.account_id, {}),
            self.members.get(case.account_id, {}),
            Owner(owner_id, tracked),
            draw,
        )

    def person(self, case: Case, decision: Decision) -> Person:
        """The winner. Raises KeyError when there is none."""
        return self.people[case.account_id][decision.winner or ""]

    def hand_out(self, case: Case, decision: Decision, *, cause: str) -> dict[str, Any]:
        """The winner has it: it was his turn, and he has one more. Gives the decision's record."""
        record = decision.record(self.moment, cause=cause)
        self.decided.append((case, record))
        if decision.winner is not None:
            winner = self.people[case.account_id][decision.winner]
            self.turns[case.account_id] = self.turns.get(case.account_id, 0) + 1
            winner.turn, winner.last_assigned_at = self.turns[case.account_id], self.moment
            winner.load = None if winner.load is None else winner.load + 1
            self._changed[case.account_id, winner.user_id] = winner
        return record

    async def write(self, db: AsyncSession) -> list[NewEvent]:
        """Turns and decisions are kept (the conversations are there); what there is to tell."""
        if self._changed:
            turns = [
                {
                    "account_id": account_id,
                    "user_id": user_id,
                    "turn": person.turn,
                    "last_assigned_at": person.last_assigned_at,
                }
                for (account_id, user_id), person in self._changed.items()
            ]
            await db.execute(_upsert_turns(dialect_of(db)), turns)
        if self.decided:
            await db.execute(_INSERT, [_decision_row(*one) for one in self.decided])
        self._changed, self.decided = {}, []
        return await self._tell_faults(db)

    async def _tell_faults(self, db: AsyncSession) -> list[NewEvent]:
        """A rule that names people who are gone costs no mail; it is told once (once a fault)."""
        news = []
        for (account_id, channel_id), told in self.faults.items():
            people, teams = self.people.get(account_id, {}), self.members.get(account_id, {})
            fault = rules.fault_of(self.rules[account_id, channel_id], people, teams)
            if fault is not None and fault != told:
                await db.execute(_FAULT, {"of": account_id, "which": channel_id, "code": fault})
                facts = {"channel_id": channel_id, "code": fault}
                news.append(NewEvent(account_id, "channel.routing_degraded", facts))
        return news


_OF_CHANNELS = select(_RULES).where(
    _RULES.c.account_id.in_(bindparam("accounts")),
    _RULES.c.channel_id.in_(bindparam("channels")),
    _RULES.c.mode != rules.UNASSIGNED,
)
_INSERT = insert(_DECISIONS)
_FAULT = (
    update(_RULES)
    .where(_RULES.c.account_id == bindparam("of"), _RULES.c.channel_id == bindparam("which"))
    .values(fault=bindparam("code"))
)


async def open_desk(
    db: AsyncSession, cases: Sequence[Case], count_loads: CountLoads, moment: datetime
) -> Desk | None:
    """What has to be known for these; None, after one statement, when no rule routes them."""
    desk = Desk(moment)
    wanted = {(case.account_id, case.channel_id) for case in cases}
    of = padded(sorted({account_id for account_id, _ in wanted}))
    for some in chunks(sorted({channel_id for _, channel_id in wanted})):
        for row in await db.execute(_OF_CHANNELS, {"accounts": of, "channels": some}):
            desk.faults[row.account_id, row.channel_id] = row.fault
            desk.rules[row.account_id, row.channel_id] = rule_of(row)
    if not desk.rules:
        return None
    await _look_up_owners(db, desk, cases)
    await _look_up_people(db, desk)
    await _look_up_turns(db, desk)
    await _look_up_loads(db, desk, count_loads)
    return desk


async def _look_up_owners(db: AsyncSession, desk: Desk, cases: Sequence[Case]) -> None:
    asked = {
        (case.account_id, case.contact_id)
        for case in cases
        if case.contact_id is not None
        and desk.routes(case)
        and desk.rules[case.account_id, case.channel_id].mode == rules.CONTACT_OWNER
    }
    if asked:
        desk.owners = await contacts.owners_of(db, asked)


async def _look_up_people(db: AsyncSession, desk: Desk) -> None:
    named = [(account_id, rule.pool) for (account_id, _), rule in desk.rules.items()]
    teams = {(of, team_id) for of, pool in named for team_id in pool.team_ids}
    users = {(of, user_id) for of, pool in named for user_id in pool.user_ids}
    users |= {(of, owner) for (of, _), (owner, _) in desk.owners.items() if owner is not None}
    if teams:
        for (of, team_id), members in (await accounts.members_among(db, teams)).items():
            desk.members.setdefault(of, {})[team_id] = members
            users |= {(of, user_id) for user_id in members}
    for (of, user_id), one in (await accounts.standing_of(db, users, desk.moment)).items():
        desk.people.setdefault(of, {})[user_id] = Person(
            user_id, one.name, one.email, one.absence, one.paid, one.capacity
        )


_LAST_TURNS = union_all(
    select(_TURNS.c.account_id, _TURNS.c.user_id, _TURNS.c.turn, _TURNS.c.last_assigned_at).where(
        _TURNS.c.account_id.in_(bindparam("accounts")), _TURNS.c.user_id.in_(bindparam("users"))
    ),
    select(_TURNS.c.account_id, literal(""), func.max(_TURNS.c.turn), null().cast(Moment))
    .where(_TURNS.c.account_id.in_(bindparam("accounts")))
    .group_by(_TURNS.c.account_id),
)


async def _look_up_turns(db: AsyncSession, desk: Desk) -> None:
    """Of the people when it was last their turn, and of the accounts the last turn of anybody."""
    of = padded(sorted(desk.people))
    everybody = sorted({user_id for people in desk.people.values() for user_id in people})
    for some in chunks(everybody):
        for account_id, user_id, turn, at in await db.execute(
            _LAST_TURNS, {"accounts": of, "users": some}
        ):
            person = desk.people[account_id].get(user_id)
            if person is not None:
                person.turn, person.last_assigned_at = turn, at
            elif not user_id:
                desk.turns[account_id] = turn


async def _look_up_loads(db: AsyncSession, desk: Desk, count_loads: CountLoads) -> None:
    by_load = {of for (of, _), rule in desk.rules.items() if rule.strategy == rules.LEAST_LOADED}
    asked = [
        (of, user_id)
        for of, people in desk.people.items()
        for user_id, person in people.items()
        if of in by_load or person.capacity is not None
    ]
    if not asked:
        return
    loads = await count_loads(db, asked)
    for of, user_id in asked:
        desk.people[of][user_id].load = loads.get((of, user_id), 0)


@functools.cache
def _upsert_turns(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(_TURNS)
    return statement.on_conflict_do_update(
        index_elements=["account_id", "user_id"],
        set_={
            "turn": statement.excluded.turn,
            "last_assigned_at": statement.excluded.last_assigned_at,
        },
    )


def _decision_row(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "account_id": case.account_id,
        "id": ids.new("rdn"),
        "conversation_id": case.conversation_id,
        "winner_id": record["winner"],
        "decision": record,
        "decided_at": datetime.fromisoformat(record["decided_at"]),
    }
