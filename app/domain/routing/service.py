"""The verbs of a routing rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import accounts
from app.domain.routing.models import RoutingRule
from app.domain.routing.rules import USERS_AND_TEAMS, People, Rule, fault_of
from app.errors import NotFound, invalid_field


def rule_of(row: Any) -> Rule:
    """The stored rule as a value."""
    return Rule(
        row.mode,
        People(tuple(row.user_ids), tuple(row.team_ids)),
        row.strategy,
        row.require_tracking,
        People(tuple(row.fallback["user_ids"]), tuple(row.fallback["team_ids"])),
    )


async def set_for(
    db: AsyncSession, account_id: str, channel_id: str, wanted: Rule, *, at: str = ""
) -> RoutingRule:
    """
    The channel has the wanted rule. `at` is the JSON Pointer of the rule in the request.

    Raises Invalid when the rule names somebody who is not of the account, or nobody at all where
    it has to.
    """
    await _check(db, account_id, wanted, at)
    row = await db.get(RoutingRule, (account_id, channel_id))
    if row is None:
        row = RoutingRule(account_id=account_id, channel_id=channel_id)
        db.add(row)
    row.mode = wanted.mode
    row.user_ids = _once_each(wanted.people.user_ids)
    row.team_ids = _once_each(wanted.people.team_ids)
    row.strategy = wanted.strategy
    row.require_tracking = wanted.require_tracking
    row.fallback = {
        "user_ids": _once_each(wanted.fallback.user_ids),
        "team_ids": _once_each(wanted.fallback.team_ids),
    }
    row.fault = None
    await db.flush()
    return row


def _once_each(ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(ids))


async def _check(db: AsyncSession, account_id: str, wanted: Rule, at: str) -> None:
    if wanted.mode == USERS_AND_TEAMS and not wanted.people:
        raise invalid_field(
            f"{at}/user_ids",
            "The mode users_and_teams needs at least one user or team.",
            "routing.nobody_given",
        )
    for people, place in ((wanted.people, at), (wanted.fallback, f"{at}/fallback")):
        await accounts.check_users(
            db,
            account_id,
            people.user_ids,
            pointer=f"{place}/user_ids",
            code="routing.unknown_user",
        )
        await accounts.check_teams(
            db,
            account_id,
            people.team_ids,
            pointer=f"{place}/team_ids",
            code="routing.unknown_team",
        )


async def faults_of(db: AsyncSession, row: RoutingRule) -> list[str]:
    """What has become wrong with a stored rule since it was saved: codes, none when it fits."""
    rule = rule_of(row)
    users = await accounts.find_users(db, row.account_id, rule.pool.user_ids)
    teams = await accounts.members_among(db, [(row.account_id, one) for one in rule.pool.team_ids])
    fault = fault_of(rule, users, {team_id for _, team_id in teams})
    return [fault] if fault else []


async def get(db: AsyncSession, account_id: str, channel_id: str) -> RoutingRule:
    """The rule of the channel. Raises NotFound."""
    row = await db.get(RoutingRule, (account_id, channel_id))
    if row is None:
        raise NotFound("There is no such channel.", "channel.not_found")
    return row


async def for_channels(
    db: AsyncSession, account_id: str, channel_ids: Collection[str]
) -> dict[str, RoutingRule]:
    """The rules of these channels by channel, in one look-up."""
    found: dict[str, RoutingRule] = {}
    for some in chunks(sorted(channel_ids)):
        statement = select(RoutingRule).where(
            RoutingRule.account_id == account_id, RoutingRule.channel_id.in_(some)
        )
        found.update({row.channel_id: row for row in (await db.execute(statement)).scalars()})
    return found


async def remove(db: AsyncSession, account_id: str, channel_id: str) -> None:
    """The draft channel is thrown away, and its rule with it."""
    await db.execute(
        delete(RoutingRule).where(
            RoutingRule.account_id == account_id, RoutingRule.channel_id == channel_id
        )
    )
