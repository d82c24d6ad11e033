"""The event log of the account, read by cursor."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.problems import BAD_CURSOR, RequestProblem, refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import events

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("events:read")]


class EventView(BaseModel):
    """One thing that happened; `sequence` counts within the account, without gaps."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    sequence: int = Field(description="Counts within the account, without gaps.")
    type: str = Field(description="Such as `message.received`.")
    created_at: datetime
    data: dict[str, Any] = Field(description="Ids and facts; what they are depends on the type.")


class EventsView(BaseModel):
    """A piece of the log; ask again with `after=next_after` for what follows."""

    items: list[EventView]
    next_after: str = Field(description="The place behind the last item.")


@router.get("", operation_id="list_events", responses=refusals(400, 401, 403, 422, 429))
async def list_events(
    caller: Reader,
    db: Db,
    after: Annotated[str, Query(max_length=20, description="`next_after` of before.")] = "0",
    types: Annotated[
        str, Query(max_length=1000, description="Only these types, comma separated.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=200, description="Events in one answer.")] = 50,
) -> EventsView:
    """
    Read the events behind a place in the log, oldest first.

    Begin without `after`, then ask with `after=<next_after>` of the answer before; when nothing
    is new the list is empty. `sequence` counts without gaps: who reads to the end has seen
    everything.
    """
    if not after.isdecimal() or int(after) >= 2**63:
        raise RequestProblem(400, "This cursor was not made by us.", BAD_CURSOR)
    wanted = [name.strip() for name in types.split(",") if name.strip()]
    found = await events.list_events(
        db, caller.account_id, after=int(after), limit=limit, types=wanted
    )
    last = found[-1].sequence if found else int(after)
    return EventsView(items=[EventView.model_validate(e) for e in found], next_after=str(last))
