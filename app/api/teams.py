"""Teams of the account's people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.etags import IfMatch, check_match, tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import accounts, conversations
from app.domain.accounts import Team

router = APIRouter(prefix="/v1/teams", tags=["teams"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("users:read")]
Writer = Annotated[Caller, caller_with("users:write")]

MemberIds = Annotated[list[str], Field(max_length=1000, description="Ids of users, each once.")]


class TeamView(BaseModel):
    """A team."""

    id: str
    name: str
    member_ids: list[str]
    created_at: datetime


class NewTeam(BaseModel):
    """A team to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "Support", "member_ids": ["usr_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"]}
            ]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    member_ids: MemberIds = []


class TeamPatch(BaseModel):
    """What changes; fields that are not given stay. Members are replaced as a whole."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "First line"}]}
    )

    name: str = Field("", min_length=1, max_length=200)
    member_ids: MemberIds = []


async def _views(db: AsyncSession, account_id: str, teams: Sequence[Team]) -> list[TeamView]:
    members = await accounts.members_of(db, account_id, [team.id for team in teams])
    return [
        TeamView(
            id=team.id,
            name=team.name,
            member_ids=members[team.id],
            created_at=team.created_at,
        )
        for team in teams
    ]


async def _shown(db: AsyncSession, team: Team, response: Response) -> TeamView:
    (found,) = await _views(db, team.account_id, [team])
    tagged(response, found)
    return found


@router.post(
    "",
    operation_id="create_team",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_team(body: NewTeam, caller: Writer, db: Db, response: Response) -> TeamView:
    """
    Make a team.

    Members are users of the account, each named once (422 otherwise).
    """
    team = await accounts.create_team(
        db,
        caller.account_id,
        name=body.name,
        member_ids=body.member_ids,
        now=datetime.now(UTC),
    )
    return await _shown(db, team, response)


@router.get("", operation_id="list_teams", responses=refusals(400, 401, 403, 422, 429))
async def list_teams(caller: Reader, db: Db, paging: Paging) -> ListOf[TeamView]:
    """
    List the teams, the oldest first.

    Every team with the ids of its members.
    """
    page = await accounts.list_teams(db, caller.account_id, paging)
    return list_of(page, await _views(db, caller.account_id, page.items))


@router.get("/{team_id}", operation_id="get_team", responses=refusals(401, 403, 404, 429))
async def get_team(team_id: str, caller: Reader, db: Db, response: Response) -> TeamView:
    """
    Read one team.

    A team without members is one, too: routing finds nobody there.
    """
    return await _shown(db, await accounts.get_team(db, caller.account_id, team_id), response)


@router.patch(
    "/{team_id}",
    operation_id="update_team",
    responses=refusals(400, 401, 403, 404, 412, 415, 422, 429),
)
async def update_team(
    team_id: str,
    body: TeamPatch,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> TeamView:
    """
    Change a team's name or its members.

    Fields that are not given stay; `member_ids` replaces all members.
    """
    current = await accounts.get_team(db, caller.account_id, team_id)
    check_match(if_match, (await _views(db, caller.account_id, [current]))[0])
    given = body.model_dump(exclude_unset=True)
    team = await accounts.update_team(db, caller.account_id, team_id, **given)
    await conversations.drain(db, caller.account_id, datetime.now(UTC), house.post)
    return await _shown(db, team, response)


@router.delete(
    "/{team_id}",
    operation_id="delete_team",
    status_code=204,
    responses=refusals(401, 403, 404, 429),
)
async def delete_team(team_id: str, caller: Writer, db: Db) -> None:
    """
    Remove a team.

    Its members stay users of the account; what was assigned to it is unassigned.
    """
    now = datetime.now(UTC)
    await accounts.delete_team(db, caller.account_id, team_id, now=now)
    await conversations.release(db, caller.account_id, "team_id", team_id, now)
