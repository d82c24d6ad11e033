"""
Exporting: the walk of an erasure that changes nothing, a piece at a time.

Each list gives some of its rows, and the place to go on at, or None at its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import padded
from app.domain import contacts, conversations, events, inbound, outbox, tickets
from app.domain.erasure import scrubbing
from app.domain.erasure.whose import own_addresses

PIECE = 50
TOGETHER = 32  # conversations whose messages are read together


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about."""

    account_id: str
    contact_id: str
    addresses: frozenset[str]  # as they were given, and as they are compared
    until: datetime


@dataclass(slots=True)
class Found:
    """What earlier lists have given: later ones tell of it."""

    conversations: list[str] = field(default_factory=list)
    messages: dict[str, None] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)  # the contact itself, and tickets


Rows = tuple[Sequence[Any], str | None]
List = Callable[[AsyncSession, Person, Found, str], Awaitable[Rows]]


async def person(db: AsyncSession, contact: contacts.ContactDetails, until: datetime) -> Person:
    """The person behind a contact, with the addresses that are nobody else's."""
    own = await own_addresses(db, contact)
    forms = frozenset(own) | scrubbing.written(own)
    return Person(contact.account_id, contact.id, forms, until)


async def _conversations(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    rows = await conversations.conversations_of(
        db, who.account_id, who.contact_id, after=place, until=who.until, limit=PIECE
    )
    found.conversations += [row.id for row in rows]
    return rows, rows[-1].id if rows else None


async def _messages(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    """In its conversations; written elsewhere; naming an address; reports on it: in this order."""
    at, _, after = place.partition(" ")
    number, own = int(at or 0), len(found.conversations)
    addresses = sorted(scrubbing.written(who.addresses))
    reach: dict[str, Any] = {"after": after, "until": who.until, "limit": PIECE}
    if number < own:
        some = padded(found.conversations[number : number + TOGETHER])
        rows = await conversations.messages_among(db, who.account_id, some, **reach)
    elif number == own:
        rows = await conversations.messages_by(db, who.account_id, who.contact_id, **reach)
    elif number - own <= len(addresses):
        address = addresses[number - own - 1]
        rows = await conversations.messages_naming(db, who.account_id, address, **reach)
    elif number - own == len(addresses) + 1:
        rows = await conversations.reports(db, who.account_id, **reach)
    else:
        return (), None
    following = min(number + TOGETHER, own) if number < own else number + 1
    last = f"{number} {rows[-1].id}" if rows else f"{following} "
    if number > own:
        rows = [row for row in rows if conversations.is_between(row, set(addresses))]
    fresh = [row for row in rows if row.id not in found.messages]
    found.messages.update(dict.fromkeys(row.id for row in fresh))
    return fresh, last


async def _tickets(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    rows = await tickets.of_contact(db, who.account_id, who.contact_id, place, PIECE)
    found.others |= {who.contact_id, *(ticket.id for ticket, _ in rows)}
    return rows, rows[-1][0].id if rows else None


async def _received(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    at, _, after = place.partition(" ")
    number, names = int(at or 0), list(found.messages)
    some = names[number : number + PIECE]
    if some:
        return await inbound.deliveries_of(db, who.account_id, some), f"{number + len(some)} "
    rows = await inbound.deliveries_from(db, who.account_id, who.addresses, who.until, PIECE, after)
    fresh = [row for row in rows if row.message_id not in found.messages]
    return fresh, f"{number} {rows[-1].id}" if rows else None


async def _suppressions(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    return await outbox.suppressions_to(db, who.account_id, who.addresses), None


async def _lists(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    return await inbound.listed_among(db, who.account_id, who.addresses), None


async def _events(db: AsyncSession, who: Person, found: Found, place: str) -> Rows:
    rows = await events.read_log(db, who.account_id, int(place or 0), who.until, 10 * PIECE)
    ids = {*found.conversations, *found.messages, *found.others}
    theirs = [row for row in rows if scrubbing.is_about(row.data, ids, who.addresses)]
    return theirs, str(rows[-1].sequence) if rows else None


EXPORTED: dict[str, List] = {
    "conversations": _conversations,
    "messages": _messages,
    "tickets": _tickets,
    "received_mail": _received,
    "suppressions": _suppressions,
    "sender_lists": _lists,
    "events": _events,
}
