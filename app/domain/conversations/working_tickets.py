"""What people do with tickets, where it touches conversations: made by hand, closed, reopened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import contacts, events, tickets
from app.domain.conversations.models import Conversation
from app.domain.conversations.service import ConversationChange, change, get_unmerged
from app.domain.tickets import By, Opening, Ticket, TicketFields
from app.errors import Conflict, FieldError, Invalid, NotFound, invalid_field


async def create_ticket(
    db: AsyncSession,
    account_id: str,
    wanted: TicketFields,
    *,
    conversation_id: str | None,
    by: By,
    now: datetime,
) -> Ticket:
    """
    A ticket by hand, for a conversation, for a contact, or for nobody known.

    Without a name it has the conversation's subject, or the contact's name. Raises Invalid for
    what is not the account's or does not fit; Conflict for a conversation that has one.
    """
    conversation = await _conversation(db, account_id, conversation_id)
    opening = await _opening(db, account_id, wanted, conversation)
    if wanted.owner_id is not None:
        await tickets.check_owner(db, account_id, wanted.owner_id)
    await tickets.default_pipeline(db, account_id, now)
    known = (await tickets.pipelines_of(db, [account_id]))[account_id]
    defined = (await tickets.properties_of(db, [account_id]))[account_id]
    place = tickets.place_in(known, wanted.pipeline_id, wanted.stage_id)
    name = await _name(db, account_id, wanted, conversation, opening.contact_id)
    row = tickets.row(
        opening,
        place,
        now,
        name=name,
        source=tickets.BY_HAND,
        description=wanted.description,
        priority=wanted.priority,
        category=wanted.category,
        owner_id=wanted.owner_id,
        custom=tickets.completed(defined, wanted.custom, "/custom"),
    )
    news = await tickets.insert_tickets(db, [row], by, "Made by hand.", now)
    if conversation is not None:
        conversation.ticket_id = row["id"]
    await db.flush()
    await events.record(db, news, now)
    return await tickets.get_ticket(db, account_id, row["id"])


async def _conversation(
    db: AsyncSession, account_id: str, conversation_id: str | None
) -> Conversation | None:
    if conversation_id is None:
        return None
    try:
        found = await get_unmerged(db, account_id, conversation_id)
    except NotFound as fault:
        raise invalid_field(
            "/conversation_id", "There is no such conversation.", "tickets.unknown_conversation"
        ) from fault
    if found.ticket_id is not None:
        detail = f"The conversation has the ticket {found.ticket_id} already."
        error = FieldError("/conversation_id", detail)
        raise Conflict(detail, "tickets.conversation_has_one", (error,))
    return found


async def _opening(
    db: AsyncSession, account_id: str, wanted: TicketFields, conversation: Conversation | None
) -> Opening:
    if conversation is None:
        if wanted.contact_id is not None:
            await tickets.check_contact(db, account_id, wanted.contact_id)
        return Opening(account_id, wanted.contact_id)
    if wanted.contact_id not in (None, conversation.contact_id):
        raise invalid_field(
            "/contact_id",
            "It is not the contact of the conversation.",
            "tickets.contact_of_conversation",
        )
    return Opening(
        account_id,
        conversation.contact_id,
        conversation.id,
        conversation.channel_id,
        conversation.assignee_id,
        conversation.last_received_at,
        conversation.last_sent_at,
        tickets.clock_of(conversation),
    )


async def _name(
    db: AsyncSession,
    account_id: str,
    wanted: TicketFields,
    conversation: Conversation | None,
    contact_id: str | None,
) -> str:
    if "name" in wanted.given or contact_id is None:
        return tickets.checked_name(wanted.name)
    key = account_id, contact_id
    person = (await contacts.find_many(db, {key})).get(key)
    values = tickets.values_for(
        subject=conversation.subject if conversation else "",
        name=person.name if person else "",
        email=next(iter(person.addresses), "") if person else "",
        channel="",
    )
    return tickets.filled(tickets.DEFAULT_NAME, values)


async def change_tickets(
    db: AsyncSession,
    account_id: str,
    found: Sequence[Ticket],
    wanted: TicketFields,
    by: By,
    now: datetime,
    *,
    at: str = "",
) -> None:
    """
    All of these tickets are as wanted; conversations of those that were closed or opened again
    follow, where their channel says so. `at` is the change's JSON Pointer.

    Raises Invalid and Conflict; then none has changed.
    """
    assignee_of = await _assignees(db, account_id, found, wanted)
    try:
        changed = await tickets.change_tickets(
            db, account_id, found, wanted, assignee_of=assignee_of, by=by, why="By hand.", now=now
        )
    except Invalid as fault:
        places = tuple(FieldError(at + one.pointer, one.detail) for one in fault.errors)
        raise Invalid(fault.detail, fault.code, places) from fault
    turned = [one for one in found if "state" in changed.get(one.id, {}) and one.conversation_id]
    keys = {(one.account_id, one.channel_id) for one in turned if one.channel_id}
    automations = await tickets.all_automations_of(db, keys)
    for ticket in turned:
        automation = automations.get((ticket.account_id, ticket.channel_id or ""))
        if automation is not None and tickets.closes_conversation(automation):
            await _turn_conversation(db, ticket, now)


async def _turn_conversation(db: AsyncSession, ticket: Ticket, now: datetime) -> None:
    conversation = await db.get(Conversation, (ticket.account_id, ticket.conversation_id))
    if conversation is None or conversation.merged_into is not None:
        return
    state = ConversationChange(frozenset({"state"}), state=ticket.state)
    await change(db, ticket.account_id, conversation.id, state, now)


async def _assignees(
    db: AsyncSession, account_id: str, found: Sequence[Ticket], wanted: TicketFields
) -> Callable[[Ticket], str | None]:
    """Who takes care of the tickets' conversations; asked only when owners are taken away."""
    by_conversation: dict[Any, str | None] = {}
    if "owner_id" in wanted.given and wanted.owner_id is None:
        for some in chunks([one.conversation_id for one in found if one.conversation_id]):
            statement = select(Conversation.id, Conversation.assignee_id).where(
                Conversation.account_id == account_id, Conversation.id.in_(some)
            )
            by_conversation |= {row.id: row.assignee_id for row in await db.execute(statement)}
    return lambda ticket: by_conversation.get(ticket.conversation_id)
