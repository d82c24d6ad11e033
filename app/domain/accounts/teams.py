"""Teams: named groups of users, in an order of their own (A3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, chunks, page_of
from app.domain import audit
from app.domain.accounts.given import visible_line
from app.domain.accounts.models import Team, TeamMember
from app.domain.accounts.users import check_users
from app.errors import FieldError, Invalid, NotFound


async def create_team(
    db: AsyncSession, account_id: str, *, name: str, member_ids: Sequence[str], now: datetime
) -> Team:
    """A new team. Raises Invalid (`teams.bad_name`, `teams.unknown_user` with the place)."""
    team = Team(
        account_id=account_id,
        id=ids.new("tea"),
        name=visible_line(name, "/name", "teams.bad_name"),
        created_at=now,
    )
    members = await _checked(db, account_id, member_ids)
    db.add(team)
    await db.flush()
    await _write_members(db, team, members)
    return team


async def _checked(db: AsyncSession, account_id: str, member_ids: Sequence[str]) -> list[str]:
    return await check_users(
        db, account_id, member_ids, pointer="/member_ids", code="teams.unknown_user"
    )


async def get_team(db: AsyncSession, account_id: str, team_id: str) -> Team:
    """The team. Raises NotFound, also for a deleted one."""
    found = await db.get(Team, (account_id, team_id))
    if found is None or found.deleted_at is not None:
        raise NotFound("There is no such team.", "teams.not_found")
    return found


async def list_teams(db: AsyncSession, account_id: str, request: PageRequest) -> Page[Team]:
    """The teams of the account, the oldest first."""
    statement = select(Team).where(Team.account_id == account_id, Team.deleted_at.is_(None))
    return await page_of(db, statement, [Team.id], request)


async def update_team(
    db: AsyncSession,
    account_id: str,
    team_id: str,
    *,
    name: str | None = None,
    member_ids: Sequence[str] | None = None,
) -> Team:
    """The team has this name and these members, where they are given. Raises NotFound, Invalid."""
    team = await get_team(db, account_id, team_id)
    if name is not None:
        team.name = visible_line(name, "/name", "teams.bad_name")
    if member_ids is not None:
        await _write_members(db, team, await _checked(db, account_id, member_ids))
    await db.flush()
    return team


async def delete_team(db: AsyncSession, account_id: str, team_id: str, *, now: datetime) -> None:
    """The team is gone; its row stays for those who still name it. Raises NotFound."""
    team = await get_team(db, account_id, team_id)
    team.deleted_at = now
    await _write_members(db, team, [])


async def check_teams(
    db: AsyncSession, account_id: str, team_ids: Sequence[str], *, pointer: str, code: str
) -> list[str]:
    """The ids, each once. Raises Invalid whose pointers lead to those that are no teams."""
    known: set[str] = set()
    for some in chunks(sorted(set(team_ids))):
        statement = select(Team.id).where(
            Team.account_id == account_id, Team.id.in_(some), Team.deleted_at.is_(None)
        )
        known.update((await db.execute(statement)).scalars())
    unknown = tuple(
        FieldError(f"{pointer}/{place}", f"There is no team {team_id[:60]!r}.")
        for place, team_id in enumerate(team_ids)
        if team_id not in known
    )
    if unknown:
        raise Invalid(unknown[0].detail, code, unknown)
    return list(dict.fromkeys(team_ids))


async def members_of(
    db: AsyncSession, account_id: str, team_ids: Collection[str]
) -> dict[str, list[str]]:
    """The members' ids of each of the teams, in the teams' own order."""
    found: dict[str, list[str]] = {team_id: [] for team_id in team_ids}
    for some in chunks(sorted(found)):
        statement = (
            select(TeamMember.team_id, TeamMember.user_id)
            .where(TeamMember.account_id == account_id, TeamMember.team_id.in_(some))
            .order_by(TeamMember.team_id, TeamMember.position)
        )
        for team_id, user_id in await db.execute(statement):
            found[team_id].append(user_id)
    return found


async def teams_of(
    db: AsyncSession, account_id: str, user_ids: Collection[str]
) -> dict[str, list[str]]:
    """The ids of the teams of each of the users, the oldest team first."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    for some in chunks(sorted(found)):
        statement = (
            select(TeamMember.user_id, TeamMember.team_id)
            .where(TeamMember.account_id == account_id, TeamMember.user_id.in_(some))
            .order_by(TeamMember.user_id, TeamMember.team_id)
        )
        for user_id, team_id in await db.execute(statement):
            found[user_id].append(team_id)
    return found


async def _write_members(db: AsyncSession, team: Team, user_ids: Sequence[str]) -> None:
    own = (TeamMember.account_id == team.account_id) & (TeamMember.team_id == team.id)
    former = (await members_of(db, team.account_id, [team.id]))[team.id]
    audit.note(
        db,
        team.account_id,
        "team",
        team.id,
        before={"member_ids": former},
        after={"member_ids": list(user_ids)},
    )
    await db.execute(delete(TeamMember).where(own))
    rows = [
        {
            "account_id": team.account_id,
            "team_id": team.id,
            "user_id": user_id,
            "position": position,
        }
        for position, user_id in enumerate(user_ids)
    ]
    if rows:
        await db.execute(insert(TeamMember), rows)
