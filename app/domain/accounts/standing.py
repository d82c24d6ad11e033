"""
Who is there, for those who hand out work: the users and teams of several accounts in one look-up.

Plain Core statements, because they run when mail arrives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, padded
from app.domain.accounts import working_hours
from app.domain.accounts.models import Team, TeamMember, User

AWAY = "away"
OUTSIDE_WORKING_HOURS = "outside_working_hours"

_USERS: Table = User.__table__  # type: ignore[assignment]
_TEAMS: Table = Team.__table__  # type: ignore[assignment]
_MEMBERS: Table = TeamMember.__table__  # type: ignore[assignment]

_STANDING = select(
    _USERS.c.account_id,
    _USERS.c.id,
    _USERS.c.name,
    _USERS.c.email,
    _USERS.c.availability,
    _USERS.c.seat,
    _USERS.c.capacity,
    _USERS.c.working_hours,
).where(
    _USERS.c.account_id.in_(bindparam("accounts")),
    _USERS.c.id.in_(bindparam("users")),
    _USERS.c.deleted_at.is_(None),
)
_MEMBERSHIP = (
    select(_TEAMS.c.account_id, _TEAMS.c.id, _MEMBERS.c.user_id)
    .outerjoin(
        _MEMBERS,
        and_(_MEMBERS.c.account_id == _TEAMS.c.account_id, _MEMBERS.c.team_id == _TEAMS.c.id),
    )
    .where(
        _TEAMS.c.account_id.in_(bindparam("accounts")),
        _TEAMS.c.id.in_(bindparam("teams")),
        _TEAMS.c.deleted_at.is_(None),
    )
    .order_by(_TEAMS.c.account_id, _TEAMS.c.id, _MEMBERS.c.position)
)

Key = tuple[str, str]  # account id, id


@dataclass(frozen=True, slots=True)
class Standing:
    """A user, and whether work can be handed to him; `absence` None: he is there (A3)."""

    user_id: str
    name: str
    email: str
    absence: str | None
    paid: bool
    capacity: int | None


async def standing_of(
    db: AsyncSession, wanted: Collection[Key], moment: datetime
) -> dict[Key, Standing]:
    """Those of these (account id, user id) that there are, as they stand at the moment."""
    found: dict[Key, Standing] = {}
    accounts = padded(sorted({account_id for account_id, _ in wanted}))
    for some in chunks(sorted({user_id for _, user_id in wanted})):
        for row in await db.execute(_STANDING, {"accounts": accounts, "users": some}):
            absence = absence_of(row.availability, row.working_hours, moment)
            paid = row.seat == "paid"
            found[row.account_id, row.id] = Standing(
                row.id, row.name, row.email, absence, paid, row.capacity
            )
    return found


def absence_of(availability: str, hours: Mapping[str, Any] | None, moment: datetime) -> str | None:
    """Why a user is not there at the moment (A3); None when he is."""
    if availability != "available":
        return AWAY
    try:
        within = hours is None or working_hours.is_within(hours, moment)
    except (KeyError, ValueError):  # a zone that the machine's list no longer has costs no mail
        within = True
    return None if within else OUTSIDE_WORKING_HOURS


async def members_among(db: AsyncSession, wanted: Collection[Key]) -> dict[Key, list[str]]:
    """The members of those of these (account id, team id) that there are, in the teams' order."""
    found: dict[Key, list[str]] = {}
    accounts = padded(sorted({account_id for account_id, _ in wanted}))
    for some in chunks(sorted({team_id for _, team_id in wanted})):
        for row in await db.execute(_MEMBERSHIP, {"accounts": accounts, "teams": some}):
            members = found.setdefault((row.account_id, row.id), [])
            if row.user_id is not None:
                members.append(row.user_id)
    return found
