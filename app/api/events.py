"""The event log of the account, read by cursor or as a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.event_stream import MEDIA_TYPE, EventStream, EventView, Following
from app.api.problems import BAD_CURSOR, RequestProblem, refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import events

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("events:read")]
Types = Annotated[
    str,
    Query(
        max_length=1000,
        description="Only these types, comma separated; `conversation.*` is every type of that "
        "noun.",
    ),
]
EXAMPLE = (
    "retry: 2000\n\n"
    "id: 12\nevent: contact.created\n"
    'data: {"id":"evt_0193a5c2f7b87c6e9d1a4b5c6d7e8f90","sequence":12,"type":"contact.created",'
    '"created_at":"2026-11-24T08:30:00Z","data":{"contact_id":'
    '"con_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"}}\n\n'
)
STREAM = {
    "description": "Frames of server-sent events: `id` is the place behind the event, `event` its "
    "type, `data` the event as JSON (`EventView`). Comments show that the stream lives.",
    "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": EXAMPLE}},
}


class EventsView(BaseModel):
    """A piece of the log; ask again with `after=next_after` for what follows."""

    items: list[EventView]
    next_after: str = Field(
        description="The place behind the last item, and behind what was passed over because of "
        "its type."
    )


@router.get("", operation_id="list_events", responses=refusals(400, 401, 403, 410, 422, 429))
async def list_events(
    caller: Reader,
    db: Db,
    after: Annotated[
        str | None, Query(max_length=20, description="`next_after` of before.")
    ] = None,
    types: Types = "",
    limit: Annotated[int, Query(ge=1, le=200, description="Events in one answer.")] = 50,
) -> EventsView:
    """
    Read the events behind a place in the log, oldest first.

    Begin without `after` (with the oldest event that is kept), then ask with `after=<next_after>`
    of the answer before; when nothing is new the list is empty. `sequence` counts without gaps: who
    reads to the end has seen everything. Events are kept for 30 days, unless the operator chose
    otherwise: a place whose next event is gone is refused (410 `events.after_too_old`), so that
    nobody misses one without hearing of it.
    """
    piece = await events.list_events(
        db, caller.account_id, after=place_of(after), limit=limit, types=names_in(types)
    )
    items = [EventView.model_validate(one) for one in piece.items]
    return EventsView(items=items, next_after=str(piece.next_after))


@router.get(
    "/stream",
    operation_id="stream_events",
    response_class=Response,
    responses={200: STREAM, **refusals(400, 401, 403, 410, 422, 429)},
)
async def stream_events(
    request: Request,
    caller: Reader,
    db: Db,
    house: TheHouse,
    after: Annotated[
        str | None, Query(max_length=20, description="`next_after` of before, or a frame's `id`.")
    ] = None,
    types: Types = "",
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=20,
            description="The `id` of the last frame that was seen; goes before `after`. "
            "Browsers send it by themselves when they come again.",
        ),
    ] = None,
) -> Response:
    """
    Follow the events as a stream of server-sent events.

    First what is behind `after` or `Last-Event-ID`, then each event as it happens; without either
    the stream begins with what comes next. A stream ends after an hour, when its key is revoked
    and when the service is restarted: come again with the last `id`, and nothing is missed. A key
    has at most ten streams open in a process (429 `events.too_many_streams`); 410 as for reading.
    """
    # The transaction of this request ends before the first octet leaves.
    place = place_of(last_event_id or after)
    if place is None:
        place = await events.last_of(db, caller.account_id)
    await events.list_events(db, caller.account_id, after=place, limit=1)  # or it is refused
    return EventStream(request, house, Following(caller, place, names_in(types)))


def place_of(cursor: str | None) -> int | None:
    """The place in the log that a cursor names. Raises RequestProblem when it was not ours."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal()) or int(cursor) >= 2**63:
        raise RequestProblem(400, "This cursor was not made by us.", BAD_CURSOR)
    return int(cursor)


def names_in(types: str) -> Sequence[str]:
    """The types of a comma-separated list."""
    return [name.strip() for name in types.split(",") if name.strip()]
