"""
What is told of changed tickets: rows of their history, and events.

The history holds every value before and after. Events hold ids and states, and of free texts only
that they changed: erasing a person need not rewrite the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain.events import NewEvent
from app.domain.tickets.models import Ticket, TicketHistory

CREATED, UPDATED = "created", "updated"
FREE_TEXTS = ("name", "description", "category", "custom")

Changes = dict[str, dict[str, Any]]  # field → {"before", "after"}
_INSERT = insert(TicketHistory.__table__)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class By:
    """Who did it: a `user`, an `api_key`, the `automation`, or a `mail` (with the message's id)."""

    kind: str
    id: str | None = None


AUTOMATION = By("automation")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell of one ticket."""

    account_id: str
    ticket_id: str
    conversation_id: str | None
    channel_id: str | None
    changes: Changes
    by: By
    why: str
    type: str = UPDATED
    facts: Mapping[str, Any] | None = None  # of a new one: what its event says


async def write(db: AsyncSession, entries: Sequence[Entry], now: datetime) -> list[NewEvent]:
    """The entries stand in the histories; the events that the caller records."""
    rows = [
        {
            "account_id": one.account_id,
            "id": ids.new("tkh"),
            "ticket_id": one.ticket_id,
            "type": one.type,
            "changes": one.changes,
            "by_kind": one.by.kind,
            "by_id": one.by.id,
            "why": one.why,
            "created_at": now,
        }
        for one in entries
    ]
    if rows:
        await db.execute(_INSERT, rows)
    return [_event(one) for one in entries]


def _event(entry: Entry) -> NewEvent:
    facts: dict[str, Any] = {
        "ticket_id": entry.ticket_id,
        "conversation_id": entry.conversation_id,
        "channel_id": entry.channel_id,
        "by": {"kind": entry.by.kind, "id": entry.by.id},
    }
    if entry.type == CREATED:
        facts |= entry.facts or {}
    else:
        told = {name: v for name, v in entry.changes.items() if name not in FREE_TEXTS}
        facts |= {"fields": sorted(entry.changes), "changes": told}
    return NewEvent(entry.account_id, f"ticket.{entry.type}", facts)


async def list_history(
    db: AsyncSession, ticket: Ticket, request: PageRequest
) -> Page[TicketHistory]:
    """What was changed of the ticket, the oldest first."""
    statement = select(TicketHistory).where(
        TicketHistory.account_id == ticket.account_id, TicketHistory.ticket_id == ticket.id
    )
    return await page_of(db, statement, [TicketHistory.id], request)
