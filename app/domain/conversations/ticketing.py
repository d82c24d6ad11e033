"""
The tickets and the clocks of conversations: opened with them, moved by what happens in them.

On the way of incoming mail set-wise, under a savepoint of their own: a fault in a ticket never
costs the mail. Deliberately not here: what people do with tickets (`working_tickets`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, refusal_for
from app.domain import channels, contacts, events, tickets
from app.domain.contacts import ContactDetails
from app.domain.conversations import clocks
from app.domain.conversations.known import CONVERSATIONS, Group
from app.domain.conversations.models import Conversation
from app.domain.events import NewEvent
from app.domain.tickets import By, Changes, Clock, Opening, Ticket, TicketAutomation

log = structlog.get_logger()

Key = tuple[str, str]


async def open_tickets(db: AsyncSession, group: Group, now: datetime) -> None:
    """
    The opened conversations' rows name their new tickets and have their clocks; they are not yet
    inserted. Where no channel of the group has tickets on, nothing is asked.
    """
    channels_on = {_channel(row) for row in group.opened} & group.ticketing
    automations = await tickets.automations_of(db, channels_on)
    for row in group.opened:
        automation = automations.get(_channel(row))
        terms = tickets.terms_in(automation) if automation else tickets.NO_TERMS
        first = row["last_received_at"]
        row.update((tickets.started(terms, first) if first else Clock()).columns())
    wanted = {key: automation for key, automation in automations.items() if automation.enabled}
    rows = [row for row in group.opened if _channel(row) in wanted]
    if not rows:
        return
    firsts = _first_messages(group, rows)
    try:
        async with db.begin_nested():
            group.events += await _open(db, rows, wanted, firsts, now)
    except Exception as fault:
        if refusal_for(fault) is not None:
            raise
        log.exception("tickets_not_opened", conversations=[row["id"] for row in rows])
        for row in rows:
            row["ticket_id"] = None
        group.events += await tickets.flag_unopened(db, set(wanted))


def _channel(row: Mapping[str, Any]) -> Key:
    return row["account_id"], row["channel_id"]


def _first_messages(group: Group, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The first message of each of these conversations."""
    wanted = {row["id"] for row in rows}
    found: dict[str, Any] = {}
    for message in group.messages:
        if message["conversation_id"] in wanted:
            found.setdefault(message["conversation_id"], message)
    return found


async def _open(
    db: AsyncSession,
    rows: list[dict[str, Any]],
    automations: Mapping[Key, TicketAutomation],
    firsts: Mapping[str, Any],
    now: datetime,
) -> list[NewEvent]:
    """Each of these conversations, rows not yet inserted, has one ticket as its channel says."""
    known = await tickets.known_of(db, list(automations.values()))
    names = await _channel_names(db, set(automations))
    people = await contacts.find_many(db, {(r["account_id"], r["contact_id"]) for r in rows})
    news: list[NewEvent] = []
    made = []
    for row in rows:
        automation = automations[_channel(row)]
        fitted = tickets.fit(automation, known[row["account_id"]])
        news += tickets.flag(automation, fitted.faults)
        first = firsts.get(row["id"], {})
        person = people.get((row["account_id"], row["contact_id"]))
        outside = first.get("author_user_id") is None
        values = tickets.values_for(
            subject=row["subject"],
            name=(person.name if person else "") or (outside and first.get("author_name")) or "",
            email=(outside and first.get("author_address")) or _address_of(person),
            channel=names.get(_channel(row), ""),
        )
        opening = _opening(row)
        ticket = tickets.by_template(opening, automation, fitted, values, now)
        row["ticket_id"] = ticket["id"]
        made.append(ticket)
    await db.flush()
    why = "A conversation was opened in a channel that opens tickets."
    return [*await tickets.insert_tickets(db, made, tickets.AUTOMATION, why, now), *news]


def _address_of(person: ContactDetails | None) -> str:
    return person.addresses[0] if person and person.addresses else ""


def _opening(row: Mapping[str, Any]) -> Opening:
    return Opening(
        row["account_id"],
        row["contact_id"],
        row["id"],
        row["channel_id"],
        row["assignee_id"],
        row["last_received_at"],
        row["last_sent_at"],
        tickets.clock_in(row),
    )


async def _channel_names(db: AsyncSession, keys: Collection[Key]) -> dict[Key, str]:
    channel = channels.Channel
    found: dict[Key, str] = {}
    for some in chunks(sorted({channel_id for _, channel_id in keys})):
        statement = select(channel.account_id, channel.id, channel.name).where(
            channel.account_id.in_(sorted({account_id for account_id, _ in keys})),
            channel.id.in_(some),
        )
        found |= {(row.account_id, row.id): row.name for row in await db.execute(statement)}
    return found


async def open_ticket_of(db: AsyncSession, conversation: Conversation, now: datetime) -> None:
    """A conversation that was split off has a clock, and a ticket where its channel opens some."""
    row = {one.name: getattr(conversation, one.key) for one in CONVERSATIONS.columns}
    key = _channel(row)
    automations = await tickets.automations_of(db, {key})
    terms = tickets.terms_in(automations[key]) if key in automations else tickets.NO_TERMS
    if conversation.last_received_at is not None:
        tickets.set_clock(conversation, tickets.started(terms, conversation.last_received_at))
        row.update(tickets.clock_of(conversation).columns())
    if key in automations and automations[key].enabled:
        news = await _open(db, [row], automations, {}, now)
        conversation.ticket_id = row["ticket_id"]
        await events.record(db, news, now)


async def follow_messages(db: AsyncSession, group: Group, now: datetime) -> None:
    """The tickets and clocks of conversations that got a message follow it."""
    new = {row["id"] for row in group.opened}
    written = {
        one["conversation_id"]: one["id"]
        for one in group.messages
        if _is_word_of_contact(one) and one["conversation_id"] not in new
    }
    rows = [
        row
        for row in group.changed.values()
        if row["id"] in written and row["state"] == "open" and not row["spam"]
    ]
    if not rows:
        return
    await clocks.run(db, [row for row in rows if row["clock_running_since"] is None], now)
    ticketed = [row for row in rows if row["ticket_id"] is not None]
    if not ticketed:
        return
    try:
        async with db.begin_nested():
            group.events += await _move_tickets(db, ticketed, written, now)
    except Exception as fault:
        if refusal_for(fault) is not None:
            raise
        log.exception("tickets_not_moved", tickets=[row["ticket_id"] for row in ticketed])


def _is_word_of_contact(message: Mapping[str, Any]) -> bool:
    return bool(
        message["kind"] == "message"
        and message["direction"] == "incoming"
        and message["mail_class"] == "human"
        and not message["pending"]
        and message["author_user_id"] is None
    )


async def _move_tickets(
    db: AsyncSession,
    rows: list[dict[str, Any]],
    written: Mapping[str, str],
    now: datetime,
) -> list[NewEvent]:
    """A contact has written in each of these conversations."""
    accounts = sorted({row["account_id"] for row in rows})
    found: list[Ticket] = []
    for some in chunks(sorted({row["ticket_id"] for row in rows})):
        statement = select(Ticket).where(Ticket.account_id.in_(accounts), Ticket.id.in_(some))
        found += (await db.execute(statement)).scalars()
    automations = await tickets.all_automations_of(db, {_channel(row) for row in rows})
    ways = await tickets.pipelines_of(db, accounts)
    by_id = {row["ticket_id"]: row for row in rows}
    news: list[NewEvent] = []
    for ticket in found:
        row = by_id[ticket.id]
        automation = automations[_channel(row)]
        what = tickets.ON_CONTACT_REPLY
        place = tickets.next_place(
            ticket, automation, ways[ticket.account_id][ticket.pipeline_id], what
        )
        changes = _received(ticket, row, automation, place, now)
        by = By("mail", written[row["id"]])
        news += await tickets.tell(db, [(ticket, changes)], by, tickets.WHY[what], now)
    await db.flush()
    return news


def _received(
    ticket: Ticket,
    row: Mapping[str, Any],
    automation: TicketAutomation,
    place: tickets.Place | None,
    now: datetime,
) -> Changes:
    ticket.last_received_at = ticket.touched_at = now
    if ticket.clock_started_at is None:
        tickets.set_clock(ticket, tickets.clock_in(row))
    if place is None:
        return {}
    ticket.updated_at = now
    return tickets.move(ticket, place, tickets.terms_in(automation), now)


async def follow_replies(
    db: AsyncSession, account_id: str, conversation: Conversation, now: datetime
) -> None:
    """The ticket and the clock of a conversation that an agent has answered follow it."""
    await _follow(db, conversation, tickets.ON_AGENT_REPLY, now)


async def follow_admitted(db: AsyncSession, conversation: Conversation, now: datetime) -> None:
    """A waiting mail of a person takes part now: as if the contact had written."""
    await _follow(db, conversation, tickets.ON_CONTACT_REPLY, now)


async def follow_change(
    db: AsyncSession, conversation: Conversation, changed: Collection[str], now: datetime
) -> None:
    """The ticket and the clock follow what a person has changed: state, spam, assignee."""
    what = None
    if {"state", "spam"} & set(changed):
        over = conversation.state == clocks.CLOSED or conversation.spam
        what = tickets.ON_CLOSED if over else tickets.ON_REOPENED
    if what is not None or "assignee_id" in changed:
        await _follow(db, conversation, what, now)


async def follow_contact(db: AsyncSession, conversation: Conversation, now: datetime) -> None:
    """The ticket is for whom the conversation is."""
    await _follow(db, conversation, None, now)


async def _follow(
    db: AsyncSession, conversation: Conversation, what: str | None, now: datetime
) -> None:
    """One conversation's clock and ticket follow what has happened, and who is responsible."""
    key = conversation.account_id, conversation.channel_id
    automation = (await tickets.all_automations_of(db, {key})).get(key)
    if automation is None:  # a channel always has one
        return
    terms = tickets.terms_in(automation)
    clock = tickets.clock_of(conversation)
    tickets.set_clock(conversation, clocks.turned(clock, conversation, what, terms, now))
    if conversation.ticket_id is None:
        return
    ticket = await tickets.get_ticket(db, conversation.account_id, conversation.ticket_id)
    changes: Changes = {}
    tickets.note(ticket, changes, "contact_id", conversation.contact_id)
    if not ticket.owner_by_hand:
        tickets.note(ticket, changes, "owner_id", conversation.assignee_id)
    _note_times(ticket, conversation, what, now)
    if what is not None:
        ways = (await tickets.pipelines_of(db, [ticket.account_id]))[ticket.account_id]
        place = tickets.next_place(ticket, automation, ways[ticket.pipeline_id], what)
        if place is not None:
            changes |= tickets.move(ticket, place, terms, now)
    own = tickets.clock_of(ticket)
    if what == tickets.ON_AGENT_REPLY:
        tickets.set_clock(ticket, tickets.answered(own, terms, now))
    elif own.started_at is None:
        tickets.set_clock(ticket, tickets.clock_of(conversation))
    if changes:
        ticket.updated_at = now
    why = tickets.WHY.get(what or "", "The conversation has changed.")
    await db.flush()
    news = await tickets.tell(db, [(ticket, changes)], tickets.AUTOMATION, why, now)
    await events.record(db, news, now)


def _note_times(
    ticket: Ticket, conversation: Conversation, what: str | None, now: datetime
) -> None:
    if what == tickets.ON_AGENT_REPLY:
        ticket.last_sent_at = now
    if what == tickets.ON_CONTACT_REPLY and conversation.last_received_at is not None:
        ticket.last_received_at = ticket.touched_at = conversation.last_received_at


async def follow_merge(
    db: AsyncSession,
    source: Conversation,
    target: Conversation,
    *,
    reopened: bool,
    now: datetime,
) -> None:
    """
    The tickets of two conversations that became one: that of the merged one goes to the other, or
    is closed where the other has its own.
    """
    key = source.account_id, source.channel_id
    terms = (await tickets.terms_of(db, {key}))[key]
    tickets.set_clock(source, tickets.stopped(tickets.clock_of(source), terms, now))
    if source.ticket_id is not None:
        ticket = await tickets.get_ticket(db, source.account_id, source.ticket_id)
        if target.ticket_id is None:
            source.ticket_id, target.ticket_id = None, ticket.id
            ticket.conversation_id = target.id
        else:
            await tickets.close_merged(db, ticket, target.ticket_id, terms, now)
    await _follow(db, target, tickets.ON_REOPENED if reopened else None, now)
