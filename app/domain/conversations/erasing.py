"""
The walk through conversations that erasure and export of a contact share, and what erasing does.

Found are: conversations whose contact it is, with everything in them; messages that the contact
wrote elsewhere; messages and conversations elsewhere that name one of its addresses as somebody to
whom or from whom they are. Deliberately not here: what other people wrote about the person in
their own texts; those are their mails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import words
from app.db import chunks, dialect_of
from app.domain.conversations.models import (
    Conversation,
    Message,
    Reopening,
    ThreadId,
)
from app.mail.addresses import canonical, names_any

ERASED = "(erased)"
MERGED_PAGES = 100  # of the index, that one call of `merge_index` rewrites

_HOLDING = {
    "sqlite": """
        SELECT message_search.message_id FROM message_search_words
        CROSS JOIN message_search ON message_search.number = message_search_words.rowid
        WHERE message_search_words.words MATCH :asked AND message_search.account_id = :account
        AND message_search.message_id > :after ORDER BY message_search.message_id LIMIT :most
    """,
    "postgresql": """
        SELECT message_id FROM message_search
        WHERE words @@ CAST(:asked AS tsquery) AND account_id = :account
        AND message_id > :after ORDER BY message_id LIMIT :most
    """,
}

_MERGE = "INSERT INTO message_search_words (message_search_words, rank) VALUES ('merge', :pages)"

_MESSAGES: Table = Message.__table__  # type: ignore[assignment]


async def conversations_of(
    db: AsyncSession, account_id: str, contact_id: str, *, after: str, until: datetime, limit: int
) -> Sequence[Conversation]:
    """Some of the conversations whose contact it is, behind this id; those opened until then."""
    statement = select(Conversation).where(
        Conversation.account_id == account_id,
        Conversation.contact_id == contact_id,
        Conversation.created_at <= until,
        Conversation.id > after,
    )
    return (await db.execute(statement.order_by(Conversation.id).limit(limit))).scalars().all()


async def messages_among(
    db: AsyncSession,
    account_id: str,
    conversation_ids: Sequence[str],
    *,
    after: str = "",
    until: datetime,
    limit: int,
) -> Sequence[Message]:
    """Some of the messages of these conversations, behind this id."""
    if not conversation_ids:
        return ()
    statement = select(Message).where(
        Message.account_id == account_id,
        Message.conversation_id.in_(conversation_ids),
        Message.created_at <= until,
        Message.id > after,
    )
    return (await db.execute(statement.order_by(Message.id).limit(limit))).scalars().all()


async def messages_by(
    db: AsyncSession, account_id: str, contact_id: str, *, after: str, until: datetime, limit: int
) -> Sequence[Message]:
    """Some of the messages that the contact wrote, in whosever conversation, behind this id."""
    statement = select(Message).where(
        Message.account_id == account_id,
        Message.author_contact_id == contact_id,
        Message.created_at <= until,
        Message.id > after,
    )
    return (await db.execute(statement.order_by(Message.id).limit(limit))).scalars().all()


async def messages_naming(
    db: AsyncSession,
    account_id: str,
    address: str,
    *,
    after: str,
    until: datetime,
    limit: int,
) -> Sequence[Message]:
    """Some of the messages that hold the address, as the search finds them, behind this id."""
    phrases = words.asked(account_id, f'"{address}"')
    if not phrases:
        return ()
    dialect = dialect_of(db)
    form = words.as_match if dialect == "sqlite" else words.as_tsquery
    asked = {"asked": form(phrases), "account": account_id, "after": after, "most": limit}
    found = (await db.execute(text(_HOLDING[dialect].strip()), asked)).scalars().all()
    if not found:
        return ()
    statement = select(Message).where(
        Message.account_id == account_id, Message.id.in_(found), Message.created_at <= until
    )
    return (await db.execute(statement.order_by(Message.id))).scalars().all()


async def reports(
    db: AsyncSession,
    account_id: str,
    conversation_ids: Sequence[str] = (),
    *,
    after: str = "",
    until: datetime,
    limit: int | None = None,
) -> Sequence[Message]:
    """Reports (bounces and the like) in these conversations; none named: in the machine lane."""
    place = Message.conversation_id
    statement = select(Message).where(
        Message.account_id == account_id,
        place.in_(conversation_ids) if conversation_ids else place.is_(None),
        Message.report.is_not(None),
        Message.created_at <= until,
        Message.id > after,
    )
    return (await db.execute(statement.order_by(Message.id).limit(limit))).scalars().all()


async def existing(
    db: AsyncSession, account_id: str, *, conversations: Iterable[str], messages: Iterable[str]
) -> set[str]:
    """Those of these conversations and messages that there (still) are."""
    found: set[str] = set()
    for model, wanted in ((Conversation, conversations), (Message, messages)):
        for some in chunks(sorted(set(wanted))):
            statement = select(model.id).where(model.account_id == account_id, model.id.in_(some))
            found.update((await db.execute(statement)).scalars())
    return found


async def detach(db: AsyncSession, account_id: str, conversation_ids: Sequence[str]) -> None:
    """No mail that comes from now on finds its way into these conversations by a known id."""
    for some in chunks(conversation_ids):
        await db.execute(
            delete(ThreadId).where(
                ThreadId.account_id == account_id, ThreadId.conversation_id.in_(some)
            )
        )


async def remove_messages(db: AsyncSession, account_id: str, message_ids: Sequence[str]) -> None:
    """These messages are gone, and so is what the search knew of them."""
    for some in chunks(message_ids):
        theirs = (_MESSAGES.c.account_id == account_id) & _MESSAGES.c.id.in_(some)
        await db.execute(delete(_MESSAGES).where(theirs))


async def without_octets(
    db: AsyncSession, account_id: str, message_ids: Sequence[str], digests: Collection[str]
) -> None:
    """These messages know that the octets with these digests are not kept any more."""
    for some in chunks(message_ids):
        await db.execute(
            update(_MESSAGES)
            .where(
                _MESSAGES.c.account_id == account_id,
                _MESSAGES.c.id.in_(some),
                _MESSAGES.c.raw_digest.in_(sorted(digests)),
            )
            .values(raw_digest=None)
        )


async def tidy_up(
    db: AsyncSession, account_id: str, contact_id: str, conversation_ids: Sequence[str]
) -> Sequence[str]:
    """
    Conversations of an erased contact whose old messages are gone: those with nothing left in
    them are given back, to be removed. Where mail has come meanwhile, it is all there is.
    """
    await db.execute(
        delete(Reopening).where(
            Reopening.account_id == account_id, Reopening.key.in_([*conversation_ids, contact_id])
        )
    )
    empty = []
    for conversation_id in conversation_ids:
        latest = (
            await db.execute(
                select(Message)
                .where(Message.account_id == account_id, Message.conversation_id == conversation_id)
                .order_by(Message.id.desc())
                .limit(1)
            )
        ).scalar_one_or_none()
        if latest is None or latest.author_contact_id is None:
            empty.append(conversation_id)
            continue
        conversation = await db.get_one(Conversation, (account_id, conversation_id))
        conversation.contact_id = latest.author_contact_id
        conversation.subject = latest.subject
        conversation.participants = [{"name": latest.author_name, "address": latest.author_address}]
        conversation.message_count = await _count(db, account_id, conversation_id)
    await db.flush()
    return empty


async def _count(db: AsyncSession, account_id: str, conversation_id: str) -> int:
    statement = select(func.count()).where(
        Message.account_id == account_id, Message.conversation_id == conversation_id
    )
    return (await db.execute(statement)).scalar_one()


def empty_messages(messages: Iterable[Message]) -> None:
    """That there were these messages is all that is left of them; their place stays."""
    for one in messages:
        one.from_name = one.author_name = ERASED
        one.from_address = one.author_address = one.subject = one.text = ""
        one.reply_text = one.quoted_text = one.message_id = ""
        one.html = one.in_reply_to = one.report = one.attribution = one.raw_digest = None
        one.author_contact_id = one.message_key = one.sent_at = None
        one.to, one.cc, one.attachments, one.truncated = [], [], [], []
        one.authentication = {}


async def forget_person(
    db: AsyncSession, account_id: str, message: Message, addresses: Collection[str]
) -> bool:
    """
    Nobody with these addresses is among the people of the message and of its conversation.

    Gives whether there was anything to do. What the message says stays.
    """
    before = (message.to, message.cc, message.attribution, message.report, message.from_address)
    message.to = without(message.to, addresses)
    message.cc = without(message.cc, addresses)
    message.attribution = scrubbed(message.attribution, addresses)
    message.report = scrubbed(message.report, addresses)
    if canonical(message.from_address) in addresses:
        message.from_name, message.from_address = ERASED, ""
    after = (message.to, message.cc, message.attribution, message.report, message.from_address)
    changed = before != after
    if message.conversation_id is not None:
        found = await db.get(Conversation, (account_id, message.conversation_id))
        if found is not None:
            left = without(found.participants, addresses)
            changed = changed or left != found.participants
            found.participants = left
    return changed


def is_between(message: Message, addresses: Collection[str]) -> bool:
    """Is the message from or to one of these addresses, or a report on one?"""
    people = [one["address"] for one in (*message.to, *message.cc)]
    named = {canonical(one) for one in (message.from_address, message.author_address, *people)}
    reported = scrubbed(message.report, addresses) != message.report
    return reported or not named.isdisjoint(addresses)


def without(people: list[dict[str, str]], addresses: Collection[str]) -> list[dict[str, str]]:
    """The others of these people."""
    return [one for one in people if canonical(one["address"]) not in addresses]


def scrubbed(value: Any, addresses: Collection[str]) -> Any:
    """The value without any of the addresses: who has one has no name, nor a text that names it."""
    if isinstance(value, dict):
        is_theirs = canonical(str(value.get("address") or "")) in addresses
        return {
            name: ERASED if is_theirs and name == "name" and one else scrubbed(one, addresses)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [scrubbed(one, addresses) for one in value]
    if isinstance(value, str) and names_any(value, addresses):
        return ERASED
    return value


async def merge_index(db: AsyncSession) -> bool:
    """
    The search forgets words of messages that are gone; False: it has nothing left to forget.

    SQLite's FTS5 notes that a row is gone, and drops its words when it merges its segments. A
    little at a time; PostgreSQL's vacuum does it by itself.
    """
    if dialect_of(db) != "sqlite":
        return False
    changes = text("SELECT total_changes()")
    before = (await db.execute(changes)).scalar_one()
    await db.execute(text(_MERGE), {"pages": -MERGED_PAGES})
    return bool((await db.execute(changes)).scalar_one() - before >= 2)
