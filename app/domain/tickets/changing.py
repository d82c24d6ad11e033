"""
Changing tickets: one or many at one time, each with its history.

Deliberately not here: what a change of a ticket means for its conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import accounts, contacts, events
from app.domain.events import NewEvent
from app.domain.tickets import clocks, history, pipelines, properties, searching, templates
from app.domain.tickets.clocks import NO_TERMS, Terms
from app.domain.tickets.history import By, Changes, Entry
from app.domain.tickets.models import Ticket, TicketAutomation, TicketHistory
from app.domain.tickets.pipelines import CLOSED, Pipeline, Stage
from app.errors import Conflict, NotFound, invalid_field

# The priority for sorting: a text, because cursors hold texts.
URGENCY: Mapping[str | None, str] = {
    None: "0",
    "low": "1",
    "medium": "2",
    "high": "3",
    "urgent": "4",
}


@dataclass(frozen=True, slots=True)
class TicketFields:
    """What people say of a ticket; `given` names the fields that count when it is changed."""

    given: frozenset[str] = frozenset()
    name: str = ""
    description: str = ""
    pipeline_id: str | None = None
    stage_id: str | None = None
    priority: str | None = None
    category: str | None = None
    owner_id: str | None = None
    contact_id: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket stands, or goes."""

    pipeline: Pipeline
    stage: Stage


async def terms_of(
    db: AsyncSession, keys: Collection[tuple[str, str | None]]
) -> dict[tuple[str, str | None], Terms]:
    """What these channels promise, by account and channel; nothing where there is no channel."""
    account_ids = sorted({account_id for account_id, _ in keys})
    found: dict[tuple[str, str | None], Terms] = dict.fromkeys(keys, NO_TERMS)
    for some in chunks(sorted({channel_id for _, channel_id in keys if channel_id})):
        statement = select(TicketAutomation).where(
            TicketAutomation.account_id.in_(account_ids), TicketAutomation.channel_id.in_(some)
        )
        for row in (await db.execute(statement)).scalars():
            found[row.account_id, row.channel_id] = terms_in(row)
    return found


def terms_in(automation: TicketAutomation) -> Terms:
    """What the channel of this row promises."""
    targets = automation.service_targets or {}
    minutes = (targets.get(name) for name in ("first_response_minutes", "resolution_minutes"))
    first, whole = (None if one is None else one * 60 for one in minutes)
    return Terms(first, whole, automation.service_hours)


def move(ticket: Ticket, place: Place, terms: Terms, now: datetime) -> Changes:
    """The ticket stands there; its state and its clock follow. What has changed."""
    changes: Changes = {}
    note(ticket, changes, "pipeline_id", place.pipeline.id)
    note(ticket, changes, "stage_id", place.stage.id)
    if note(ticket, changes, "state", place.stage.state):
        closed = place.stage.state == CLOSED
        ticket.closed_at = now if closed else None
        turn = clocks.stopped if closed else clocks.resumed
        clocks.set_clock(ticket, turn(clocks.clock_of(ticket), terms, now))
    return changes


def note(ticket: Ticket, changes: Changes, name: str, value: Any) -> bool:
    """The field has the value; says whether that is a change, and notes it."""
    before = getattr(ticket, name)
    if before == value:
        return False
    setattr(ticket, name, value)
    changes[name] = {"before": before, "after": value}
    return True


async def change(
    db: AsyncSession,
    account_id: str,
    found: Sequence[Ticket],
    wanted: TicketFields,
    *,
    assignee_of: Callable[[Ticket], str | None],
    by: By,
    why: str,
    now: datetime,
) -> dict[str, Changes]:
    """
    These tickets are as wanted afterwards, all of them; what has changed, by ticket.

    `assignee_of` says who takes care of a ticket's conversation: an owner that is taken away is
    whoever that is. Raises Invalid for what is not the account's or does not fit.
    """
    await _check_people(db, account_id, wanted)
    defined = {}
    if wanted.custom:
        defined = (await properties.properties_of(db, [account_id]))[account_id]
    custom = properties.checked(defined, wanted.custom, "/custom")
    places = await _places(db, account_id, wanted)
    terms = await terms_of(db, {(one.account_id, one.channel_id) for one in found})
    changed: dict[str, Changes] = {}
    for ticket in found:
        changes: Changes = {}
        _put_words(ticket, wanted, changes)
        _put_owner(ticket, wanted, assignee_of, changes)
        _put_contact(ticket, wanted, changes)
        if custom:
            merged = {k: v for k, v in {**ticket.custom, **custom}.items() if v is not None}
            note(ticket, changes, "custom", merged)
        place = places(ticket)
        if place is not None:
            changes |= move(ticket, place, terms[ticket.account_id, ticket.channel_id], now)
        if changes:
            ticket.updated_at = now
            changed[ticket.id] = changes
    await db.flush()
    news = await tell(db, [(one, changed.get(one.id, {})) for one in found], by, why, now)
    await events.record(db, news, now)
    return changed


async def tell(
    db: AsyncSession,
    changed: Sequence[tuple[Ticket, Changes]],
    by: By,
    why: str,
    now: datetime,
) -> list[NewEvent]:
    """The changes stand in the histories; the events that the caller records."""
    entries = [
        Entry(one.account_id, one.id, one.conversation_id, one.channel_id, changes, by, why)
        for one, changes in changed
        if changes
    ]
    return await history.write(db, entries, now)


def _put_words(ticket: Ticket, wanted: TicketFields, changes: Changes) -> None:
    for name in ("description", "category"):
        if name in wanted.given:
            note(ticket, changes, name, getattr(wanted, name))
    if "name" in wanted.given:
        note(ticket, changes, "name", checked_name(wanted.name))
    if "priority" in wanted.given and note(ticket, changes, "priority", wanted.priority):
        ticket.urgency = URGENCY[wanted.priority]


def checked_name(name: str) -> str:
    """The name in one line. Raises Invalid when nothing of it is seen."""
    found = templates.one_line(name)[: templates.NAME_LIMIT]
    if not found:
        raise invalid_field("/name", "A ticket needs a name.", "tickets.name_missing")
    return found


def _put_owner(
    ticket: Ticket,
    wanted: TicketFields,
    assignee_of: Callable[[Ticket], str | None],
    changes: Changes,
) -> None:
    if "owner_id" in wanted.given:
        ticket.owner_by_hand = wanted.owner_id is not None
        note(ticket, changes, "owner_id", wanted.owner_id or assignee_of(ticket))


def _put_contact(ticket: Ticket, wanted: TicketFields, changes: Changes) -> None:
    if "contact_id" not in wanted.given or wanted.contact_id == ticket.contact_id:
        return
    if ticket.conversation_id is not None:
        raise Conflict(
            "The contact is that of the ticket's conversation; correct who wrote its first mail.",
            "tickets.contact_of_conversation",
        )
    note(ticket, changes, "contact_id", wanted.contact_id)


async def _check_people(db: AsyncSession, account_id: str, wanted: TicketFields) -> None:
    if "owner_id" in wanted.given and wanted.owner_id is not None:
        await check_owner(db, account_id, wanted.owner_id)
    if wanted.contact_id is not None:
        await check_contact(db, account_id, wanted.contact_id)


async def check_owner(db: AsyncSession, account_id: str, owner_id: str) -> None:
    """Raises Invalid for somebody who is no user of the account."""
    try:
        await accounts.get_user(db, account_id, owner_id)
    except NotFound as fault:
        raise invalid_field(
            "/owner_id", "The account has no such user.", "tickets.unknown_owner"
        ) from fault


async def check_contact(db: AsyncSession, account_id: str, contact_id: str) -> None:
    """Raises Invalid for somebody who is no contact of the account."""
    try:
        await contacts.get_contact(db, account_id, contact_id)
    except NotFound as fault:
        raise invalid_field(
            "/contact_id", "There is no such contact.", "tickets.unknown_contact"
        ) from fault


async def _places(
    db: AsyncSession, account_id: str, wanted: TicketFields
) -> Callable[[Ticket], Place | None]:
    """Where a ticket goes: a pipeline alone means its first stage, unless it is there already."""
    if not wanted.given & {"pipeline_id", "stage_id"}:
        return lambda ticket: None
    known = (await pipelines.pipelines_of(db, [account_id]))[account_id]
    place = place_in(known, wanted.pipeline_id, wanted.stage_id)
    if wanted.stage_id is None:
        return lambda ticket: None if ticket.pipeline_id == place.pipeline.id else place
    return lambda ticket: place


def place_in(known: Mapping[str, Pipeline], pipeline_id: str | None, stage_id: str | None) -> Place:
    """The place that is meant; neither given: where tickets begin. Raises Invalid."""
    if pipeline_id is not None and pipeline_id not in known:
        raise invalid_field(
            "/pipeline_id", "The account has no such pipeline.", "tickets.unknown_pipeline"
        )
    first = next(iter(known.values()))
    if stage_id is None:
        chosen = known[pipeline_id] if pipeline_id else first
        return Place(chosen, chosen.first)
    for pipeline in [known[pipeline_id]] if pipeline_id else known.values():
        stage = pipeline.stage(stage_id)
        if stage is not None:
            return Place(pipeline, stage)
    where = "of this pipeline" if pipeline_id else "of the account's pipelines"
    raise invalid_field("/stage_id", f"This is no stage {where}.", "tickets.stage_not_in_pipeline")


async def release_owner(db: AsyncSession, account_id: str, user_id: str, now: datetime) -> None:
    """The tickets of a user who is gone have no owner; they follow their assignees again."""
    found = await db.execute(
        select(Ticket).where(Ticket.account_id == account_id, Ticket.owner_id == user_id)
    )
    changed = []
    for ticket in found.scalars():
        changes: Changes = {}
        note(ticket, changes, "owner_id", None)
        ticket.owner_by_hand, ticket.updated_at = False, now
        changed.append((ticket, changes))
    await db.flush()
    why = "The owner is no user any more."
    await events.record(db, await tell(db, changed, history.AUTOMATION, why, now), now)


async def follow_assignees(
    db: AsyncSession, account_id: str, assignees: Mapping[str, str], now: datetime
) -> list[NewEvent]:
    """Conversations, by id, were assigned: their tickets' owners follow. The events to record."""
    changed = []
    for some in chunks(sorted(assignees)):
        statement = select(Ticket).where(
            Ticket.account_id == account_id,
            Ticket.conversation_id.in_(some),
            Ticket.owner_by_hand.is_(False),
        )
        for ticket in (await db.execute(statement)).scalars():
            changes: Changes = {}
            note(ticket, changes, "owner_id", assignees[ticket.conversation_id or ""])
            ticket.updated_at = now
            changed.append((ticket, changes))
    await db.flush()
    return await tell(db, changed, history.AUTOMATION, "The conversation was assigned.", now)


async def move_to_contact(
    db: AsyncSession, account_id: str, source_id: str, target_id: str
) -> None:
    """The tickets of a contact that was merged belong to the other one."""
    await db.execute(
        update(Ticket)
        .where(Ticket.account_id == account_id, Ticket.contact_id == source_id)
        .values(contact_id=target_id)
    )


async def erase_contact(db: AsyncSession, account_id: str, contact_id: str) -> int:
    """
    Nothing that describes the person is left in the contact's tickets and their histories.

    Gives how many tickets there are.
    """
    mine = select(Ticket.id).where(Ticket.account_id == account_id, Ticket.contact_id == contact_id)
    for entry in (
        await db.execute(
            select(TicketHistory).where(
                TicketHistory.account_id == account_id, TicketHistory.ticket_id.in_(mine)
            )
        )
    ).scalars():
        entry.changes = {
            name: {} if name in history.FREE_TEXTS else values
            for name, values in entry.changes.items()
        }
    emptied = await db.execute(
        update(Ticket)
        .where(Ticket.account_id == account_id, Ticket.contact_id == contact_id)
        .values(name="(erased)", description="", category=None, custom={})
        .returning(Ticket.id)
    )
    ticket_ids = emptied.scalars().all()
    await searching.reindex(db, account_id, ticket_ids)
    return len(ticket_ids)
