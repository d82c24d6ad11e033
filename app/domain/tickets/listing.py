"""Reading tickets: one, those of conversations, and lists by filter and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Page, PageRequest, chunks, page_of
from app.domain.tickets import searching
from app.domain.tickets.models import Ticket, TicketHistory
from app.errors import FieldError, Invalid, NotFound

# What a list can be ordered by: the keys, and whether the greatest comes first.
SORTS: dict[str, tuple[list[Any], bool]] = {
    "created_at": ([Ticket.created_at, Ticket.id], False),
    "-created_at": ([Ticket.created_at, Ticket.id], True),
    "last_received_at": ([Ticket.touched_at, Ticket.id], False),
    "-last_received_at": ([Ticket.touched_at, Ticket.id], True),
    "priority": ([Ticket.urgency, Ticket.id], False),
    "-priority": ([Ticket.urgency, Ticket.id], True),
    "due_at": ([Ticket.due_at, Ticket.id], False),
}
NEWEST_FIRST = "-created_at"
EXACT = (
    "pipeline_id",
    "stage_id",
    "owner_id",
    "priority",
    "contact_id",
    "state",
    "category",
    "channel_id",
    "conversation_id",
)


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets; None: whichever."""

    pipeline_id: str | None = None
    stage_id: str | None = None
    owner_id: str | None = None
    unowned: bool | None = None
    priority: str | None = None
    contact_id: str | None = None
    state: str | None = None
    category: str | None = None
    channel_id: str | None = None
    conversation_id: str | None = None
    overdue: bool | None = None
    since: datetime | None = None  # of its making
    until: datetime | None = None
    words: str | None = None


async def get_ticket(db: AsyncSession, account_id: str, ticket_id: str) -> Ticket:
    """The ticket. Raises NotFound."""
    found = await db.get(Ticket, (account_id, ticket_id))
    if found is None:
        raise NotFound("There is no such ticket.", "tickets.not_found")
    return found


async def get_tickets(
    db: AsyncSession, account_id: str, ticket_ids: Sequence[str], at: str
) -> list[Ticket]:
    """These tickets in their order, each once. Raises Invalid for those that are none."""
    wanted = list(dict.fromkeys(ticket_ids))
    found: dict[str, Ticket] = {}
    for some in chunks(wanted):
        statement = select(Ticket).where(Ticket.account_id == account_id, Ticket.id.in_(some))
        found.update({one.id: one for one in (await db.execute(statement)).scalars()})
    unknown = tuple(
        FieldError(f"{at}/{place}", f"There is no ticket {one[:60]!r}.")
        for place, one in enumerate(ticket_ids)
        if one not in found
    )
    if unknown:
        raise Invalid(unknown[0].detail, "tickets.unknown_ticket", unknown)
    return [found[one] for one in wanted]


async def list_tickets(
    db: AsyncSession,
    account_id: str,
    which: TicketFilter,
    request: PageRequest,
    *,
    sort: str,
    now: datetime,
) -> Page[Ticket]:
    """
    Tickets in this order, one of SORTS. By `due_at`, only those that something is due of.

    A page of a list that changes meanwhile may show a ticket again whose key has changed.
    """
    keys, descending = SORTS[sort]
    statement = select(Ticket).where(Ticket.account_id == account_id, *_conditions(which, now))
    if sort == "due_at":
        statement = statement.where(Ticket.due_at.is_not(None))
    if which.words is not None and which.words.strip():
        narrowed = await searching.narrowed(db, account_id, statement, which.words)
        if narrowed is None:
            return Page([], None)
        statement = narrowed
    return await page_of(db, statement, keys, request, descending=descending)


def overdue_is(wanted: bool, due_at: Any, now: datetime) -> ColumnElement[bool]:
    """The condition that a deadline has passed while it was open, or that none has."""
    late: ColumnElement[bool] = due_at < now
    return late if wanted else or_(due_at.is_(None), due_at >= now)


def _conditions(which: TicketFilter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name in EXACT:
        value = getattr(which, name)
        if value is not None:
            found.append(getattr(Ticket, name) == value)
    if which.unowned is not None:
        nobody = Ticket.owner_id.is_(None)
        found.append(nobody if which.unowned else ~nobody)
    if which.overdue is not None:
        found.append(overdue_is(which.overdue, Ticket.due_at, now))
    if which.since is not None:
        found.append(Ticket.created_at >= which.since)
    if which.until is not None:
        found.append(Ticket.created_at < which.until)
    return found


async def of_contact(
    db: AsyncSession, account_id: str, contact_id: str, after: str, limit: int
) -> Sequence[tuple[Ticket, Sequence[TicketHistory]]]:
    """Some of the tickets of a contact behind this id, each with what was changed of it."""
    statement = select(Ticket).where(
        Ticket.account_id == account_id, Ticket.contact_id == contact_id, Ticket.id > after
    )
    found = (await db.execute(statement.order_by(Ticket.id).limit(limit))).scalars().all()
    entries: dict[str, list[TicketHistory]] = {one.id: [] for one in found}
    told = select(TicketHistory).where(
        TicketHistory.account_id == account_id, TicketHistory.ticket_id.in_(list(entries))
    )
    for entry in (await db.execute(told.order_by(TicketHistory.id))).scalars():
        entries[entry.ticket_id].append(entry)
    return [(one, entries[one.id]) for one in found]
