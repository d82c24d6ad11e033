"""Tickets are opened: rows of a whole group in one statement a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import chunks
from app.domain import events
from app.domain.events import NewEvent
from app.domain.tickets import history, searching, templates
from app.domain.tickets.changing import URGENCY, Place, move, note, tell
from app.domain.tickets.clocks import Clock, Terms
from app.domain.tickets.fitting import NOT_OPENED, Fitted, flag
from app.domain.tickets.history import CREATED, By, Changes, Entry
from app.domain.tickets.models import Ticket, TicketAutomation
from app.domain.tickets.pipelines import CLOSED, get_pipeline
from app.domain.tickets.properties import LONGEST_TEXT

BY_MAIL, BY_HAND = "email", "manual"
CATEGORY_LIMIT = 200

_INSERT = insert(Ticket.__table__)  # type: ignore[arg-type]
_NEEDED = or_(TicketAutomation.enabled.is_(True), TicketAutomation.service_targets.is_not(None))


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new ticket is for; the texts of `values` fill in the template's tokens."""

    account_id: str
    contact_id: str | None
    conversation_id: str | None = None
    channel_id: str | None = None
    assignee_id: str | None = None
    last_received_at: datetime | None = None
    last_sent_at: datetime | None = None
    clock: Clock = field(default_factory=Clock)


async def automations_of(
    db: AsyncSession, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], TicketAutomation]:
    """The automations of those of these channels that open tickets or promise an answer in time."""
    return await _automations(db, keys, _NEEDED)


async def all_automations_of(
    db: AsyncSession, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], TicketAutomation]:
    """The automations of these channels, by account and channel."""
    return await _automations(db, keys)


async def _automations(
    db: AsyncSession, keys: Collection[tuple[str, str]], *conditions: ColumnElement[bool]
) -> dict[tuple[str, str], TicketAutomation]:
    found: dict[tuple[str, str], TicketAutomation] = {}
    for some in chunks(sorted({channel_id for _, channel_id in keys})):
        statement = select(TicketAutomation).where(
            TicketAutomation.account_id.in_(sorted({account_id for account_id, _ in keys})),
            TicketAutomation.channel_id.in_(some),
            *conditions,
        )
        for row in (await db.execute(statement)).scalars():
            found[row.account_id, row.channel_id] = row
    return found


def by_template(
    opening: Opening,
    automation: TicketAutomation,
    fitted: Fitted,
    values: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """The row of a ticket as the channel's template says."""
    template = automation.properties
    category = template.get("category")
    custom = {
        key: templates.filled(value, values, LONGEST_TEXT) if isinstance(value, str) else value
        for key, value in fitted.custom.items()
    }
    return row(
        opening,
        Place(fitted.pipeline, fitted.stage),
        now,
        name=templates.filled(template["name"], values) or values["conversation.subject"],
        priority=template.get("priority"),
        category=templates.filled(category, values, CATEGORY_LIMIT) if category else None,
        owner_id=fitted.owner_id,
        custom=custom,
        source=BY_MAIL,
    )


def row(
    opening: Opening,
    place: Place,
    now: datetime,
    *,
    name: str,
    source: str,
    description: str = "",
    priority: str | None = None,
    category: str | None = None,
    owner_id: str | None = None,
    custom: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The row of a ticket; without an owner it has whoever is assigned, and follows that."""
    return {
        "account_id": opening.account_id,
        "id": ids.new("tkt"),
        "name": name,
        "description": description,
        "pipeline_id": place.pipeline.id,
        "stage_id": place.stage.id,
        "state": place.stage.state,
        "priority": priority,
        "urgency": URGENCY[priority],
        "category": category,
        "source": source,
        "owner_id": owner_id or opening.assignee_id,
        "owner_by_hand": owner_id is not None,
        "contact_id": opening.contact_id,
        "conversation_id": opening.conversation_id,
        "channel_id": opening.channel_id,
        "merged_into": None,
        "custom": dict(custom or {}),
        "last_received_at": opening.last_received_at,
        "last_sent_at": opening.last_sent_at,
        "touched_at": opening.last_received_at or now,
        "created_at": now,
        "updated_at": now,
        "closed_at": now if place.stage.state == CLOSED else None,
        **opening.clock.columns(),
    }


_TOLD = ("contact_id", "pipeline_id", "stage_id", "owner_id", "priority", "source")
_FIRST = ("name", "pipeline_id", "stage_id", "state", "priority", "category", "owner_id", "custom")


async def insert_tickets(
    db: AsyncSession, rows: Sequence[dict[str, Any]], by: By, why: str, now: datetime
) -> list[NewEvent]:
    """The tickets are there, with the beginnings of their histories; the events to record."""
    await db.execute(_INSERT, list(rows))
    await searching.index(db, rows)
    entries = []
    for one in rows:
        first: Changes = {
            name: {"before": None, "after": one[name]} for name in _FIRST if one[name] is not None
        }
        facts = {name: one[name] for name in _TOLD}
        of = one["account_id"], one["id"], one["conversation_id"], one["channel_id"]
        entries.append(Entry(*of, first, by, why, CREATED, facts))
    return await history.write(db, entries, now)


async def flag_unopened(db: AsyncSession, keys: Collection[tuple[str, str]]) -> list[NewEvent]:
    """No ticket could be opened in these channels: they are flagged; the events to record."""
    db.expire_all()  # what the rolled back savepoint has left of them
    news = []
    for automation in (await all_automations_of(db, keys)).values():
        news += flag(automation, [*(automation.degraded or ()), NOT_OPENED])
    await db.flush()
    return news


async def close_merged(
    db: AsyncSession, ticket: Ticket, into: str, terms: Terms, now: datetime
) -> None:
    """The ticket's conversation went into another one, whose ticket goes on."""
    changes: Changes = {}
    note(ticket, changes, "merged_into", into)
    pipeline = await get_pipeline(db, ticket.account_id, ticket.pipeline_id)
    if ticket.state != CLOSED:
        changes |= move(ticket, Place(pipeline, pipeline.done), terms, now)
    ticket.updated_at = now
    await db.flush()
    why = "Its conversation was merged into another one."
    news = await tell(db, [(ticket, changes)], history.AUTOMATION, why, now)
    await events.record(db, news, now)
