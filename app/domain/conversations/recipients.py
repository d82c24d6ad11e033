"""
Who gets a reply, and why: the contact, and those who took part in the last mail (G5).

Deliberately not here: how the mail is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, channels, contacts, outbox
from app.domain.channels import ChannelFacts
from app.domain.contacts import ContactDetails
from app.domain.conversations.answered import History, is_forward
from app.domain.conversations.models import Conversation, Message
from app.domain.outbox import Suppression
from app.errors import FieldError, Invalid, invalid_field
from app.mail.addresses import canonical
from app.mail.compose import is_sendable
from app.mail.message import Mailbox

LIMIT = 100  # people of one mail
TO, CC, BCC = "to", "cc", "bcc"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Recipients as somebody typed them; None: whoever it is by default."""

    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of those who get the mail."""

    box: Mailbox
    role: str
    reason: str
    pointer: str  # into the request; the role's own when it is there by default

    @property
    def key(self) -> str:
        """The address as it is compared."""
        return canonical(self.box.address)


@dataclass(frozen=True, slots=True)
class Addressed:
    """Everybody who gets a mail, each once; `is_cut` when there were more by default."""

    people: tuple[Recipient, ...]
    is_cut: bool = False
    ours: frozenset[str] = field(default=frozenset())  # of the team; they are no participants

    def boxes(self, role: str) -> tuple[Mailbox, ...]:
        """The mailboxes of a role."""
        return tuple(one.box for one in self.people if one.role == role)


async def address(
    db: AsyncSession,
    conversation: Conversation,
    facts: ChannelFacts,
    history: History,
    wanted: Wanted,
) -> Addressed:
    """
    Who gets a reply in this conversation.

    By default To is the contact, at the address it last wrote from, and Cc whoever else stood in
    the last mail, without the team and the channels; each can be said otherwise. Raises Invalid:
    `replies.bad_address`, `replies.own_address` (the mail would come back to us),
    `replies.no_recipient`, `replies.too_many_recipients`.
    """
    contact = await _contact_of(db, conversation)
    named = list(_named(wanted))
    people = [] if wanted.to is not None else list(_by_default_to(contact, history))
    people += [one for one in named if one.role == TO]
    if wanted.cc is None:
        own = {canonical(one) for one in contact.addresses} if contact else set()
        taking_part = {canonical(one["address"]) for one in conversation.participants} - own
        people += [one for one in _by_default_cc(history) if one.key in taking_part]
    people += [one for one in named if one.role != TO]
    team, hosted = await _ours_among(db, facts, people)
    _refuse_channels(people, hosted)
    kept = _once_each(one for one in people if one.key not in hosted and not _skipped(one, team))
    if not kept:
        raise invalid_field(
            "/to",
            "The contact has no address that mail can be sent to: say who is to get it.",
            "replies.no_recipient",
        )
    return _within_limit(kept, frozenset(team))


def _named(wanted: Wanted) -> Iterator[Recipient]:
    for role in (TO, CC, BCC):
        for place, text in enumerate(getattr(wanted, role) or ()):
            pointer = f"/{role}/{place}"
            box = accounts.mailbox(text, pointer, "replies.bad_address")
            yield Recipient(box, role, "You named this address.", pointer)


async def _contact_of(db: AsyncSession, conversation: Conversation) -> ContactDetails | None:
    key = (conversation.account_id, conversation.contact_id)
    return (await contacts.find_many(db, [key])).get(key)


def _by_default_to(contact: ContactDetails | None, history: History) -> Iterator[Recipient]:
    """
    The contact, or while nobody knows its address whoever wrote last; one that was erased gets
    nothing by default.
    """
    if contact is None:
        return
    last = history.by_contact
    own = {canonical(one) for one in contact.addresses}
    written = last.author_address if last is not None else ""
    if written and is_sendable(written) and (canonical(written) in own or not own):
        name = contact.name or (last.author_name if last else "")
        reason = "The contact last wrote from this address."
        yield Recipient(Mailbox(name, written), TO, reason, "/to")
        return
    for one in contact.addresses:
        if is_sendable(one):
            reason = "It is the contact's first address."
            yield Recipient(Mailbox(contact.name, one), TO, reason, "/to")
            return
    writer = history.received
    if not own and writer is not None and is_sendable(writer.author_address):
        box = Mailbox(writer.author_name, writer.author_address)
        yield Recipient(box, TO, "Nobody knows the contact: this person wrote last.", "/to")


def _by_default_cc(history: History) -> Iterator[Recipient]:
    last = history.newest
    if last is None:
        return
    for box in _people_in(last):
        if is_sendable(box.address):
            yield Recipient(box, CC, "This person took part in the last mail.", "/cc")


def _people_in(message: Message) -> Iterator[Mailbox]:
    """Whom a mail names; of a forward, whom the mail within it names."""
    if message.direction == "incoming":
        yield Mailbox(message.author_name, message.author_address)
    named: dict[str, Any] = {"to": message.to, "cc": message.cc}
    if is_forward(message):
        named = (message.attribution or {}).get("original") or {"to": [], "cc": []}
    for one in (*named["to"], *named["cc"]):
        yield Mailbox(one["name"], one["address"])


async def _ours_among(
    db: AsyncSession, facts: ChannelFacts, people: Sequence[Recipient]
) -> tuple[set[str], set[str]]:
    """Those of these addresses that are the team's, and those that lead to a channel."""
    account_id = facts.account_id
    team = await accounts.teammates(db, {(account_id, one.key) for one in people})
    bases = {one.key: _untagged(one.key) for one in people}
    wanted = {(account_id, address) for pair in bases.items() for address in pair}
    known = {address for _, address in await channels.addresses_among(db, wanted)}
    known |= facts.own_addresses
    hosted = {key for key, base in bases.items() if key in known or base in known}
    return {address for _, address in team} - hosted, hosted


def _untagged(address: str) -> str:
    """The address without `+tag`: reply addresses of a channel carry one."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _refuse_channels(people: Sequence[Recipient], hosted: set[str]) -> None:
    for one in people:
        if one.key in hosted and one.pointer.count("/") == 2:
            raise invalid_field(
                one.pointer,
                f"{one.box.address} leads to a channel of this account: the mail would come back.",
                "replies.own_address",
            )


def _skipped(one: Recipient, team: set[str]) -> bool:
    """The team reads the conversation here; it gets mail only where somebody says so."""
    return one.role == CC and one.pointer == "/cc" and one.key in team


def _once_each(people: Iterable[Recipient]) -> list[Recipient]:
    found: dict[str, Recipient] = {}
    for one in people:
        found.setdefault(one.key, one)
    return list(found.values())


def _within_limit(people: list[Recipient], team: frozenset[str]) -> Addressed:
    """At most LIMIT: people who are there by default make room, the named ones do not."""
    if len(people) <= LIMIT:
        return Addressed(tuple(people), ours=team)
    named = sum(one.pointer != "/cc" for one in people)
    if named > LIMIT:
        raise Invalid(
            f"A mail goes to {LIMIT} people at most; these are {named}.",
            "replies.too_many_recipients",
            (FieldError("/to", "Too many recipients."),),
        )
    room, kept = LIMIT - named, []
    for one in people:
        if one.pointer == "/cc":
            room -= 1
            if room < 0:
                continue
        kept.append(one)
    return Addressed(tuple(kept), is_cut=True, ours=team)


async def suppressed_among(
    db: AsyncSession, account_id: str, people: Sequence[Recipient], now: datetime
) -> list[tuple[Recipient, Suppression]]:
    """Those of these people who get no mail now, because their addresses were found not to work."""
    found = await outbox.suppressed_among(db, account_id, [one.key for one in people], now)
    return [(one, found[one.key]) for one in people if one.key in found]
