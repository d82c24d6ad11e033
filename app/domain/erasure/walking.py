"""
The stages of an erasure, one small piece at a time.

A stage does a piece and gives the place to go on at, or None when nothing is left for it. Each is
repeatable: what it has done, it does not find again, or does again without harm. What came after
the request is left alone, because it is another contact's, though perhaps the same person's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import audit, conversations, events, inbound, outbox, raw_mail, webhooks
from app.domain.conversations import Message
from app.domain.erasure import scrubbing
from app.domain.erasure.models import Erasure
from app.domain.raw_mail import Traces
from app.errors import NotFound, Unavailable
from app.mail.addresses import names_any
from app.store import BlobStore

MESSAGES = 100  # of one piece
CONVERSATIONS = 20
ROWS = 500  # of the ledger and the logs
HELD = 20  # mails that are looked into: some of them lie in the blob store
OWNER_NOTICE = "owner_notice"


@dataclass(slots=True)
class Walk:
    """One erasure, with what its stages need."""

    db: AsyncSession
    store: BlobStore
    secret: bytes
    erasure: Erasure
    now: datetime

    @property
    def account_id(self) -> str:
        """Whose contact it is."""
        return self.erasure.account_id

    @property
    def until(self) -> datetime:
        """What came later is not looked at."""
        return self.erasure.requested_at

    @property
    def addresses(self) -> set[str]:
        """Whose mail it is."""
        return scrubbing.written(self.erasure.wanted or ())

    def count(self, **more: int) -> None:
        """Put it on the receipt."""
        counts = dict(self.erasure.counts)
        for name, number in more.items():
            counts[name] = counts.get(name, 0) + number
        self.erasure.counts = counts


Stage = Callable[[Walk, str], Awaitable[str | None]]


async def _conversations(walk: Walk, _: str) -> str | None:
    """The contact's conversations: their messages first, then they themselves."""
    db, account_id = walk.db, walk.account_id
    found = await conversations.conversations_of(
        db, account_id, walk.erasure.contact_id, after="", until=walk.until, limit=CONVERSATIONS
    )
    ids = [one.id for one in found]
    if not ids:
        return None
    await conversations.detach(db, account_id, ids)
    messages = await conversations.messages_among(
        db, account_id, ids, until=walk.until, limit=MESSAGES
    )
    if messages:
        await _forget_mail(walk, messages)
        await conversations.remove_messages(db, account_id, [one.id for one in messages])
        return "again"
    empty = await conversations.tidy_up(db, account_id, walk.erasure.contact_id, ids)
    gone = await conversations.remove(db, account_id, empty, "erased", walk.now)
    sent, digests = await outbox.empty_notices(db, account_id, OWNER_NOTICE, gone.noticed_at)
    raw = await inbound.forget_unneeded(db, account_id, digests, walk.now)
    walk.count(conversations=len(ids), outbox_items=sent, raw_mails=raw)
    return "again"


async def _authored(walk: Walk, _: str) -> str | None:
    """What the contact wrote into conversations of others."""
    messages = await conversations.messages_by(
        walk.db,
        walk.account_id,
        walk.erasure.contact_id,
        after="",
        until=walk.until,
        limit=MESSAGES,
    )
    if not messages:
        return None
    await _empty(walk, messages)
    return "again"


async def _mentions(walk: Walk, place: str) -> str | None:
    """Messages elsewhere that are from, to or about one of the addresses."""
    wanted = sorted(walk.addresses)
    number, _, after = place.partition(" ")
    at = int(number or 0)
    if at >= len(wanted):
        return None
    messages = await conversations.messages_naming(
        walk.db, walk.account_id, wanted[at], after=after, until=walk.until, limit=MESSAGES
    )
    places = sorted({one.conversation_id for one in messages if one.conversation_id})
    around: Sequence[Message] = ()
    if places:
        around = await conversations.reports(walk.db, walk.account_id, places, until=walk.until)
    await _forget_in(walk, [*messages, *(one for one in around if one not in messages)])
    if len(messages) < MESSAGES:
        return f"{at + 1} "
    return f"{at} {messages[-1].id}"


async def _reports(walk: Walk, place: str) -> str | None:
    """Reports in the machine lane: the search does not know whom they are about."""
    found = await conversations.reports(
        walk.db, walk.account_id, after=place, until=walk.until, limit=MESSAGES
    )
    await _forget_in(walk, found)
    return found[-1].id if found else None


async def _forget_in(walk: Walk, messages: Sequence[Message]) -> None:
    theirs = [one for one in messages if _is_about(one, walk.addresses)]
    await _empty(walk, theirs)
    named = 0
    for one in messages:
        if one not in theirs:
            named += await conversations.forget_person(
                walk.db, walk.account_id, one, walk.addresses
            )
    sent = await outbox.empty_recipient(
        walk.db, walk.account_id, [one.id for one in messages], walk.addresses
    )
    walk.count(mentions=named, outbox_items=sent)


def _is_about(message: Message, addresses: set[str]) -> bool:
    """Did one of the addresses write it, or is it a machine's report on one of them?"""
    if message.direction == "outgoing" or message.kind != "message":
        return False
    if scrubbing.written([message.author_address]) & addresses:
        return True
    if message.conversation_id is not None:
        return False
    told = scrubbing.plain([message.from_address, message.report, message.text])
    return names_any(told, addresses)


async def _ledger(walk: Walk, _: str) -> str | None:
    """Deliveries of which nothing is left but who sent them."""
    rows = await inbound.deliveries_from(walk.db, walk.account_id, walk.addresses, walk.until, ROWS)
    await _forget_deliveries(walk, rows)
    return "again" if len(rows) == ROWS else None


async def _held(walk: Walk, place: str) -> str | None:
    """Mails without a message, held back or not understood: whose they are stands within."""
    rows = await inbound.unread(walk.db, walk.account_id, place, walk.until, HELD)
    theirs = []
    for row in rows:
        try:
            raw = await raw_mail.raw_of(walk.db, walk.store, walk.account_id, row.raw_digest)
        except (NotFound, Unavailable):
            continue
        if names_any(raw.decode("utf-8", "replace"), walk.addresses):
            theirs.append(row)
    await _forget_deliveries(walk, theirs)
    return rows[-1].id if rows else None


async def _suppressions(walk: Walk, _: str) -> str | None:
    """What is known of the addresses themselves."""
    walk.count(
        suppressions=await outbox.forget_suppressions(walk.db, walk.account_id, walk.addresses),
        sender_lists=await inbound.unlist_addresses(walk.db, walk.account_id, walk.addresses),
    )
    return None


async def _events(walk: Walk, place: str) -> str | None:
    """The event log: what names a message that is gone, or one of the addresses."""
    after = int(place or 0)
    found = await events.read_log(walk.db, walk.account_id, after, walk.until, ROWS)
    gone = await _gone(walk, [one.data for one in found])
    count = 0
    for one in found:
        is_theirs = _names(one.data, gone)
        data = scrubbing.scrub(one.data, walk.addresses, all_personal=is_theirs)
        if data != one.data:
            one.data = data
            count += 1
    walk.count(events=count)
    return str(found[-1].sequence) if found else None


async def _answers(walk: Walk, place: str) -> str | None:
    """What endpoints of webhooks answered when they were told of it."""
    found = await webhooks.read_log(walk.db, walk.account_id, place, walk.until, ROWS)
    told = await events.get_many(
        walk.db, walk.account_id, [one.sequence for one in found if one.sequence is not None]
    )
    gone = await _gone(walk, [one.data for one in told.values()])
    count = 0
    for one in found:
        event = told.get(one.sequence or 0)
        is_theirs = event is not None and (
            _names(event.data, gone) or walk.erasure.contact_id in scrubbing.plain(event.data)
        )
        before = one.attempts
        if is_theirs:
            one.attempts = [{**attempt, "body": ""} for attempt in before]
        else:
            one.attempts = scrubbing.scrub(before, walk.addresses, all_personal=False)
        count += one.attempts != before
    walk.count(webhook_deliveries=count)
    return found[-1].id if found else None


async def _audit(walk: Walk, place: str) -> str | None:
    """The audit log tells of lists of senders."""
    found = await audit.read_log(walk.db, walk.account_id, "sender_list", place, ROWS)
    count = 0
    for one in found:
        before = one.changes
        one.changes = scrubbing.scrub(before, walk.addresses, all_personal=False)
        count += one.changes != before
    walk.count(audit_entries=count)
    return found[-1].id if found else None


async def _index(walk: Walk, _: str) -> str | None:
    """The search's segments."""
    return "again" if await conversations.merge_index(walk.db) else None


STAGES: dict[str, Stage] = {
    "conversations": _conversations,
    "authored": _authored,
    "mentions": _mentions,
    "reports": _reports,
    "ledger": _ledger,
    "held": _held,
    "suppressions": _suppressions,
    "events": _events,
    "answers": _answers,
    "audit": _audit,
    "index": _index,
}


async def _empty(walk: Walk, messages: Sequence[Message]) -> None:
    """Of these messages their place is left."""
    if not messages:
        return
    await _forget_mail(walk, messages)
    for one in messages:
        await conversations.forget_person(walk.db, walk.account_id, one, walk.addresses)
    conversations.empty_messages(messages)
    await walk.db.flush()


async def _forget_mail(walk: Walk, messages: Sequence[Message]) -> None:
    """The ledger, the outbox and the octets of these messages; and they are known if they come."""
    db, account_id = walk.db, walk.account_id
    await raw_mail.remember_erased(db, walk.secret, _traces(account_id, messages))
    ids = [one.id for one in messages]
    rows = await inbound.deliveries_of(db, account_id, ids)
    digests = {one.raw_digest for one in messages if one.raw_digest}
    digests |= {row.raw_digest for row in rows if row.raw_digest}
    again = [Traces(account_id, digest, "") for digest in sorted(digests)]
    await raw_mail.remember_erased(db, walk.secret, again)
    await inbound.empty_ledger(db, account_id, [row.id for row in rows])
    sent, more = await outbox.empty_deliveries(db, account_id, ids)
    raw = await inbound.forget_unneeded(db, account_id, digests | more, walk.now)
    walk.count(
        messages=len(messages),
        attachments=sum(len(one.attachments) for one in messages),
        received_mails=len(rows),
        outbox_items=sent,
        raw_mails=raw,
    )


def _traces(account_id: str, messages: Iterable[Message]) -> list[Traces]:
    found = []
    for one in messages:
        if one.message_key is None or not one.message_id:
            continue
        files = [(file["filename"], file["size"]) for file in one.attachments]
        is_ours = one.direction == "outgoing"
        # What a teammate forwards shows the inner mail's text: the id has to do.
        is_forward = (one.attribution or {}).get("original") is not None
        text = None if is_ours or is_forward else one.text
        date = None if is_ours else one.sent_at
        ours = one.id if is_ours else None
        found.append(Traces(account_id, one.raw_digest, one.message_id, date, text, files, ours))
    return found


async def _forget_deliveries(walk: Walk, rows: Sequence[Any]) -> None:
    """These rows of the ledger name nobody; octets that were kept for them are gone."""
    digests = {row.raw_digest for row in rows if row.raw_digest and row.message_id is None}
    again = [Traces(walk.account_id, digest, "") for digest in sorted(digests)]
    await raw_mail.remember_erased(walk.db, walk.secret, again)
    await inbound.empty_ledger(walk.db, walk.account_id, [row.id for row in rows])
    raw = await inbound.forget_unneeded(walk.db, walk.account_id, digests, walk.now)
    walk.count(received_mails=len(rows), raw_mails=raw)


async def _gone(walk: Walk, found: Iterable[Any]) -> set[str]:
    """Conversations and messages that are named there, and are no more."""
    named_conversations, named_messages = set[str](), set[str]()
    for data in found:
        of_conversations, of_messages = scrubbing.named_in(data)
        named_conversations |= of_conversations
        named_messages |= of_messages
    there = await conversations.existing(
        walk.db,
        walk.account_id,
        conversations=named_conversations,
        messages=named_messages,
    )
    return (named_conversations | named_messages) - there


def _names(data: Any, gone: set[str]) -> bool:
    of_conversations, of_messages = scrubbing.named_in(data)
    return not gone.isdisjoint(of_conversations | of_messages)
