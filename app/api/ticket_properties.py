"""Custom properties of tickets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from app.api.etags import IfMatch, check_match, tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import Flag
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import tickets
from app.domain.tickets import PropertyFields, TicketProperty

router = APIRouter(prefix="/v1/ticket-properties", tags=["tickets"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("tickets:read")]
Writer = Annotated[Caller, caller_with("tickets:write")]

Kind = Literal["text", "number", "boolean", "date", "choice"]
Value = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=1000)]
Choices = Annotated[
    list[Annotated[str, Field(max_length=1000)]],
    Field(max_length=200, description="The values of the type choice, in their order."),
]


class PropertyView(BaseModel):
    """A property that every ticket can have."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    key: str = Field(description="Its name in `custom`; it never changes.")
    label: str = Field(description="What people call it.")
    type: Kind = Field(description="Dates are texts such as `2026-11-24`. It never changes.")
    choices: list[str]
    default: Value | None = Field(description="The value of new tickets; null: none.")
    required: bool = Field(description="Has a new ticket to have a value?")


class NewProperty(BaseModel):
    """A property to define."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "key": "product",
                    "label": "Product",
                    "type": "choice",
                    "choices": ["Lamp", "Chair"],
                    "required": False,
                }
            ]
        },
    )

    key: str = Field(max_length=1000, description="A letter, then at most 49 of `a-z0-9_`.")
    label: str = Field("", max_length=1000, description="Empty: made of the key.")
    type: Kind = "text"
    choices: Choices = Field(default_factory=list)
    default: Value | None = None
    required: Flag = False


class PropertyPatch(BaseModel):
    """What changes; fields that are not given stay. Key and type are for ever."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"label": "Which product"}]}
    )

    label: str = Field("", max_length=1000)
    choices: Choices = Field(default_factory=list)
    default: Value | None = None
    required: Flag = False


def _shown(found: TicketProperty, response: Response) -> PropertyView:
    view = PropertyView.model_validate(found)
    tagged(response, view)
    return view


@router.post(
    "",
    operation_id="create_ticket_property",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_ticket_property(
    body: NewProperty, caller: Writer, db: Db, response: Response
) -> PropertyView:
    """
    Define a property.

    Tickets and templates have its value in `custom` from now on. The key is unique (409
    `tickets.property_key_taken`). One that is required and has no default has to be given with
    every ticket that is made by hand, and in templates that are saved.
    """
    now = datetime.now(UTC)
    wanted = PropertyFields(**body.model_dump())
    made = await tickets.create_property(db, caller.account_id, wanted, now)
    await tickets.check_all(db, caller.account_id, now)
    return _shown(made, response)


@router.get("", operation_id="list_ticket_properties", responses=refusals(400, 401, 403, 422, 429))
async def list_ticket_properties(caller: Reader, db: Db, paging: Paging) -> ListOf[PropertyView]:
    """
    List the properties, the oldest first.

    There is none in the beginning. Tickets have their values in `custom`, by key.
    """
    page = await tickets.list_properties(db, caller.account_id, paging)
    return list_of(page, [PropertyView.model_validate(one) for one in page.items])


@router.get(
    "/{property_id}", operation_id="get_ticket_property", responses=refusals(401, 403, 404, 429)
)
async def get_ticket_property(
    property_id: str, caller: Reader, db: Db, response: Response
) -> PropertyView:
    """
    Read one property.

    The choices stand in their order.
    """
    return _shown(await tickets.get_property(db, caller.account_id, property_id), response)


@router.patch(
    "/{property_id}",
    operation_id="update_ticket_property",
    responses=refusals(400, 401, 403, 404, 412, 415, 422, 429),
)
async def update_ticket_property(
    property_id: str,
    body: PropertyPatch,
    caller: Writer,
    db: Db,
    response: Response,
    if_match: IfMatch = None,
) -> PropertyView:
    """
    Change label, choices, default or whether it is required.

    Tickets keep the values they have, also choices that go; templates with one are flagged.
    """
    current = await tickets.get_property(db, caller.account_id, property_id)
    check_match(if_match, PropertyView.model_validate(current))
    wanted = PropertyFields(frozenset(body.model_fields_set), **body.model_dump())
    changed = await tickets.change_property(db, current, wanted)
    await tickets.check_all(db, caller.account_id, datetime.now(UTC))
    return _shown(changed, response)


@router.delete(
    "/{property_id}",
    operation_id="delete_ticket_property",
    status_code=204,
    responses=refusals(401, 403, 404, 412, 429),
)
async def delete_ticket_property(
    property_id: str, caller: Writer, db: Db, if_match: IfMatch = None
) -> None:
    """
    Delete a property.

    Tickets keep what they have under its key; it cannot be set any more. Templates with it are
    flagged and leave it out.
    """
    current = await tickets.get_property(db, caller.account_id, property_id)
    check_match(if_match, PropertyView.model_validate(current))
    await tickets.delete_property(db, current)
    await tickets.check_all(db, caller.account_id, datetime.now(UTC))
