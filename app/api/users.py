"""The people of the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.etags import IfMatch, check_match, tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import WHOLE
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import accounts, contacts, conversations
from app.domain.accounts import User, UserFields

router = APIRouter(prefix="/v1/users", tags=["users"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("users:read")]
Writer = Annotated[Caller, caller_with("users:write")]

Availability = Literal["available", "away"]
Seat = Literal["paid", "free"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Time = Annotated[str, Field(max_length=5, examples=["09:00"])]
Span = Annotated[list[Time], Field(min_length=2, max_length=2)]


class WorkingHours(BaseModel):
    """Weekly working hours; outside of them the user counts as away."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str = Field(max_length=64, description="An IANA name such as `Europe/Berlin`.")
    days: dict[Day, list[Span]] = Field(
        description="Spans of each day, `HH:MM` to `HH:MM`; `24:00` is the end of the day.",
        examples=[{"mon": [["09:00", "12:30"], ["13:30", "17:00"]]}],
    )


class UserView(BaseModel):
    """A person of the account."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    email: str = Field(description="The main address.")
    other_addresses: list[str] = Field(description="Further addresses of the person.")
    username: str = Field(description="Unique within the account.")
    availability: Availability = Field(description="What was set, without regard to working hours.")
    seat: Seat = Field(description="Only users with a paid seat are assigned by routing.")
    working_hours: WorkingHours | None = Field(
        description="Outside of them the user counts as away; null: always there."
    )
    capacity: int | None = Field(
        description="Routing assigns nothing while so many open conversations are the user's; "
        "null: no limit."
    )
    signature: str = Field(description="Stands below the person's replies, above the channel's.")
    team_ids: list[str]
    created_at: datetime


class NewUser(BaseModel):
    """A person to add."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Ann Lee",
                    "email": "ann@acme.example",
                    "seat": "paid",
                    "working_hours": {
                        "time_zone": "Europe/Berlin",
                        "days": {"mon": [["09:00", "12:30"], ["13:30", "17:00"]]},
                    },
                }
            ]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    email: str = Field(max_length=1000, description="`ann@x.example`, unique among the users.")
    other_addresses: list[str] = Field([], description="Further addresses of the person.")
    username: str | None = Field(None, max_length=64, description="None: made of the e-mail.")
    availability: Availability = "available"
    seat: Seat = Field("paid", description="Only users with a paid seat are assigned by routing.")
    working_hours: WorkingHours | None = None
    capacity: Annotated[int, Field(ge=1, le=100_000), WHOLE] | None = Field(
        None,
        description="Open conversations that routing gives at most; null: no limit.",
    )
    signature: str = Field(
        "", max_length=20_000, description="Stands below the person's replies; plain text."
    )


class UserPatch(NewUser):
    """What changes; fields that are not given stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"other_addresses": ["ann.lee@home.example"]}]}
    )

    name: str = Field("", min_length=1, max_length=200)
    email: str = Field("", max_length=1000)


class AvailabilityRequest(BaseModel):
    """Whether the user is there."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"availability": "away"}]}
    )

    availability: Availability


def _fields(body: NewUser) -> UserFields:
    hours = body.working_hours
    return UserFields(
        name=body.name,
        email=body.email,
        other_addresses=body.other_addresses,
        username=body.username,
        availability=body.availability,
        seat=body.seat,
        working_hours=hours.model_dump() if hours else None,
        capacity=body.capacity,
        signature=body.signature,
    )


async def _views(db: AsyncSession, account_id: str, users: Sequence[User]) -> list[UserView]:
    teams = await accounts.teams_of(db, account_id, [user.id for user in users])
    return [
        UserView(
            id=user.id,
            name=user.name,
            email=user.email,
            other_addresses=user.other_addresses,
            username=user.username,
            availability=user.availability,
            seat=user.seat,
            working_hours=WorkingHours(**user.working_hours) if user.working_hours else None,
            capacity=user.capacity,
            signature=user.signature,
            team_ids=teams[user.id],
            created_at=user.created_at,
        )
        for user in users
    ]


async def _shown(db: AsyncSession, user: User, response: Response) -> UserView:
    (found,) = await _views(db, user.account_id, [user])
    tagged(response, found)
    return found


async def _check(db: AsyncSession, user: User, if_match: str | None) -> None:
    if if_match is not None:
        check_match(if_match, (await _views(db, user.account_id, [user]))[0])


@router.post(
    "",
    operation_id="create_user",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_user(body: NewUser, caller: Writer, db: Db, response: Response) -> UserView:
    """
    Add a person to the account.

    What comes from one of the person's addresses is a teammate's: a forward by hand, or a
    comment, never a new customer. An address belongs to one user only (409
    `users.address_taken`); a username is made of the e-mail when none is given.
    """
    user = await accounts.create_user(db, caller.account_id, _fields(body), now=datetime.now(UTC))
    return await _shown(db, user, response)


@router.get("", operation_id="list_users", responses=refusals(400, 401, 403, 422, 429))
async def list_users(caller: Reader, db: Db, paging: Paging) -> ListOf[UserView]:
    """
    List the account's people, the oldest first.

    Every user with the teams they are in.
    """
    page = await accounts.list_users(db, caller.account_id, paging)
    return list_of(page, await _views(db, caller.account_id, page.items))


@router.get("/{user_id}", operation_id="get_user", responses=refusals(401, 403, 404, 429))
async def get_user(user_id: str, caller: Reader, db: Db, response: Response) -> UserView:
    """
    Read one person.

    `availability` is what was set; outside of the `working_hours` the person counts as away
    whatever it says.
    """
    return await _shown(db, await accounts.get_user(db, caller.account_id, user_id), response)


@router.patch(
    "/{user_id}",
    operation_id="update_user",
    responses=refusals(400, 401, 403, 404, 409, 412, 415, 422, 429),
)
async def update_user(
    user_id: str,
    body: UserPatch,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> UserView:
    """
    Change a person.

    Fields that are not given stay; lists and working hours are replaced as a whole.
    """
    await _check(db, await accounts.get_user(db, caller.account_id, user_id), if_match)
    user = await accounts.update_user(
        db, caller.account_id, user_id, _fields(body), fields=body.model_fields_set
    )
    await conversations.drain(db, caller.account_id, datetime.now(UTC), house.post)
    return await _shown(db, user, response)


@router.put(
    "/{user_id}/availability",
    operation_id="set_user_availability",
    responses=refusals(400, 401, 403, 404, 412, 415, 422, 429),
)
async def set_user_availability(
    user_id: str,
    body: AvailabilityRequest,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> UserView:
    """
    Say that a person is available or away.

    Alone on a path of its own, so that a status light may be given a key and a call that change
    nothing else. Going away drops nothing that is assigned already; who becomes available is
    assigned what waits, the oldest first.
    """
    await _check(db, await accounts.get_user(db, caller.account_id, user_id), if_match)
    user = await accounts.set_availability(db, caller.account_id, user_id, body.availability)
    await conversations.drain(db, caller.account_id, datetime.now(UTC), house.post)
    return await _shown(db, user, response)


@router.delete(
    "/{user_id}",
    operation_id="delete_user",
    status_code=204,
    responses=refusals(401, 403, 404, 429),
)
async def delete_user(user_id: str, caller: Writer, db: Db) -> None:
    """
    Remove a person.

    Teams and contacts lose them, and what was assigned to them is unassigned; their addresses
    and their username are free again. What they wrote stays.
    """
    now = datetime.now(UTC)
    await accounts.delete_user(db, caller.account_id, user_id, now=now)
    await contacts.release_owner(db, caller.account_id, user_id)
    await conversations.release(db, caller.account_id, "assignee_id", user_id, now)
