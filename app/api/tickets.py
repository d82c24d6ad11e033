"""Tickets: made by hand, listed, changed, and what was changed of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api.channel_parts import Priority
from app.api.etags import IfMatch, check_match, tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import Moment
from app.api.ticket_schemas import (
    BulkChange,
    Changed,
    HistoryView,
    NewTicket,
    State,
    TicketPatch,
    TicketView,
    history_view,
    steady,
    ticket_view,
)
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import conversations, tickets
from app.domain.tickets import By, Ticket

router = APIRouter(prefix="/v1/tickets", tags=["tickets"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("tickets:read")]
Writer = Annotated[Caller, caller_with("tickets:write")]

Id = Annotated[str | None, Query(max_length=40)]
Sort = Literal[
    "created_at",
    "-created_at",
    "last_received_at",
    "-last_received_at",
    "priority",
    "-priority",
    "due_at",
]


def _shown(ticket: Ticket, response: Response, now: datetime) -> TicketView:
    view = ticket_view(ticket, now)
    tagged(response, steady(view))
    return view


@router.post(
    "",
    operation_id="create_ticket",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_ticket(body: NewTicket, caller: Writer, db: Db, response: Response) -> TicketView:
    """
    Make a ticket by hand.

    For a conversation that has none yet (409 `tickets.conversation_has_one`), for a contact alone,
    or for nobody known. Without a name it has the conversation's subject or tells the contact's
    name; for nobody it needs one. Without a stage it begins at the first one. Channels open
    tickets by themselves when their ticket automation is on.
    """
    now = datetime.now(UTC)
    made = await conversations.create_ticket(
        db,
        caller.account_id,
        body.fields(),
        conversation_id=body.conversation_id,
        by=By("api_key", caller.key_id),
        now=now,
    )
    return _shown(made, response, now)


@router.get("", operation_id="list_tickets", responses=refusals(400, 401, 403, 422, 429))
async def list_tickets(
    caller: Reader,
    db: Db,
    paging: Paging,
    pipeline_id: Id = None,
    stage_id: Id = None,
    owner_id: Id = None,
    unowned: Annotated[
        bool | None, Query(description="true: without an owner; false: with one.")
    ] = None,
    priority: Annotated[Priority | None, Query(description="Of this priority.")] = None,
    contact_id: Id = None,
    state: Annotated[State | None, Query(description="Only open, or only closed ones.")] = None,
    category: Annotated[
        str | None, Query(max_length=200, description="Of exactly this category.")
    ] = None,
    channel_id: Id = None,
    conversation_id: Id = None,
    overdue: Annotated[
        bool | None, Query(description="true: a deadline has passed that is still open.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Made then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Made before then.")] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Words of name, description and category, all of them; the last may be "
            "the beginning of one. Case and accents do not count.",
        ),
    ] = None,
    sort: Annotated[
        Sort,
        Query(
            description="With `-` the greatest first. `-priority`: the most urgent first. "
            "`due_at`: only tickets of which something is due, the next one first."
        ),
    ] = "-created_at",
) -> ListOf[TicketView]:
    """
    List tickets, the newest first.

    Filters narrow each other; `overdue=true&sort=due_at` is what burns. A cursor belongs to its
    order: ask the next page with the same `sort`.
    """
    now = datetime.now(UTC)
    which = tickets.TicketFilter(
        pipeline_id=pipeline_id,
        stage_id=stage_id,
        owner_id=owner_id,
        unowned=unowned,
        priority=priority,
        contact_id=contact_id,
        state=state,
        category=category,
        channel_id=channel_id,
        conversation_id=conversation_id,
        overdue=overdue,
        since=since,
        until=until,
        words=q,
    )
    page = await tickets.list_tickets(db, caller.account_id, which, paging, sort=sort, now=now)
    return list_of(page, [ticket_view(one, now) for one in page.items])


@router.post(
    "/bulk",
    operation_id="change_tickets",
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def change_tickets(body: BulkChange, caller: Writer, db: Db) -> Changed:
    """
    Change several tickets alike, at most 200.

    All or nothing: when one of them is unknown (422 `tickets.unknown_ticket` names it) or cannot
    be changed so, none is. The answer shows them as they are now, in the order given.
    """
    now = datetime.now(UTC)
    found = await tickets.get_tickets(db, caller.account_id, body.ids, "/ids")
    by = By("api_key", caller.key_id)
    await conversations.change_tickets(
        db, caller.account_id, found, body.changes.fields(), by, now, at="/changes"
    )
    return Changed(items=[ticket_view(one, now) for one in found])


@router.get("/{ticket_id}", operation_id="get_ticket", responses=refusals(401, 403, 404, 429))
async def get_ticket(ticket_id: str, caller: Reader, db: Db, response: Response) -> TicketView:
    """
    Read one ticket.

    Its ETag does not change when only a deadline passes.
    """
    found = await tickets.get_ticket(db, caller.account_id, ticket_id)
    return _shown(found, response, datetime.now(UTC))


@router.patch(
    "/{ticket_id}",
    operation_id="update_ticket",
    responses=refusals(400, 401, 403, 404, 409, 412, 415, 422, 429),
)
async def update_ticket(
    ticket_id: str,
    body: TicketPatch,
    caller: Writer,
    db: Db,
    response: Response,
    if_match: IfMatch = None,
) -> TicketView:
    """
    Change a ticket.

    Fields that are not given stay; in `custom`, keys that are not given stay. Moved to a closed
    stage it is closed, and so is its conversation, unless the channel's `close_conversation` is
    off. An owner that is set stays; null lets the owner follow the assignee again.
    """
    now = datetime.now(UTC)
    found = await tickets.get_ticket(db, caller.account_id, ticket_id)
    check_match(if_match, steady(ticket_view(found, now)))
    by = By("api_key", caller.key_id)
    await conversations.change_tickets(db, caller.account_id, [found], body.fields(), by, now)
    return _shown(found, response, now)


@router.get(
    "/{ticket_id}/history",
    operation_id="list_ticket_history",
    responses=refusals(400, 401, 403, 404, 422, 429),
)
async def list_ticket_history(
    ticket_id: str, caller: Reader, db: Db, paging: Paging
) -> ListOf[HistoryView]:
    """
    List what was changed of a ticket, the oldest first.

    Every value before and after, who did it, and why. There is no way to delete a ticket: close
    it.
    """
    found = await tickets.get_ticket(db, caller.account_id, ticket_id)
    page = await tickets.list_history(db, found, paging)
    return list_of(page, [history_view(one) for one in page.items])
