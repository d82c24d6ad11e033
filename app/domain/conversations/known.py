"""What is known that matters for a group of incoming mails, and what is to be written for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, padded
from app.domain.conversations import limits
from app.domain.conversations.incoming import Incoming
from app.domain.conversations.models import Conversation, Message, ThreadId
from app.domain.events import NewEvent
from app.domain.routing import Desk, Person
from app.domain.sender_identity import Post
from app.mail.threading import key_of

MESSAGES: Table = Message.__table__  # type: ignore[assignment]
CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]
THREAD_IDS: Table = ThreadId.__table__  # type: ignore[assignment]

# Made once, because they run for every mail. Two IN lists instead of row values, which SQLite
# answers by a scan.
_MESSAGES = select(
    MESSAGES.c.account_id,
    MESSAGES.c.id,
    MESSAGES.c.conversation_id,
    MESSAGES.c.message_key,
    MESSAGES.c.kind,
    MESSAGES.c.direction,
    MESSAGES.c.mail_class,
    MESSAGES.c.from_name,
    MESSAGES.c.from_address,
    MESSAGES.c.author_address,
    MESSAGES.c.subject,
    MESSAGES.c.text,
    MESSAGES.c.attachments,
    MESSAGES.c.attribution,
    MESSAGES.c.raw_digest,
    MESSAGES.c.sent_at,
).where(
    MESSAGES.c.account_id.in_(bindparam("accounts")), MESSAGES.c.message_key.in_(bindparam("keys"))
)
_THREADS = select(THREAD_IDS).where(
    THREAD_IDS.c.account_id.in_(bindparam("accounts")), THREAD_IDS.c.key.in_(bindparam("keys"))
)
_ANSWERED = select(MESSAGES.c.account_id, MESSAGES.c.id, MESSAGES.c.conversation_id).where(
    MESSAGES.c.account_id.in_(bindparam("accounts")), MESSAGES.c.id.in_(bindparam("ids"))
)
_CONVERSATIONS = select(CONVERSATIONS).where(
    CONVERSATIONS.c.account_id.in_(bindparam("accounts")),
    CONVERSATIONS.c.id.in_(bindparam("ids")),
)


@dataclass(slots=True)
class Group:
    """What the database knows that matters for a group, and what is to be written for it."""

    known: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    threads: dict[tuple[str, str], str] = field(default_factory=dict)
    answered: dict[tuple[str, str], str] = field(default_factory=dict)  # our message → its place
    conversations: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    opened: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    thread_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    reopenings: limits.Counts = field(default_factory=dict)
    people: list[NewEvent] = field(default_factory=list)  # told before the other events
    events: list[NewEvent] = field(default_factory=list)
    routing: set[tuple[str, str]] = field(default_factory=set)  # channels, by account and id
    ticketing: set[tuple[str, str]] = field(default_factory=set)
    post: Post | None = None  # lets notices leave
    desk: Desk | None = None  # what routing has decided; None: nothing
    # Conversations, and the owners who are away and are to be sent their message.
    notices: list[tuple[dict[str, Any], Person]] = field(default_factory=list)


async def look_up(db: AsyncSession, incoming: Sequence[Incoming]) -> Group:
    """Ask the database what it knows: one statement a table, however many mails there are."""
    accounts = padded(sorted({mail.account_id for mail in incoming}))
    own: set[str] = set()
    named: set[str] = set()
    for mail in incoming:
        scope = mail.scope
        own.add(key_of(scope, mail.message_id))
        named.update(key_of(scope, mentioned) for mentioned in mail.mentioned)
        if mail.thread_index is not None:
            named.add(key_of(scope, mail.thread_index.root))
    group = Group(
        routing={(mail.account_id, mail.channel_id) for mail in incoming if mail.routes},
        ticketing={(mail.account_id, mail.channel_id) for mail in incoming if mail.has_tickets},
    )
    await _look_up_messages(db, group, accounts, own)
    await _look_up_threads(db, group, accounts, own | named)
    await _look_up_answered(db, group, incoming)
    wanted = set(group.threads.values()) | set(group.answered.values())
    wanted |= {mail.led_to for mail in incoming if mail.led_to is not None}
    await _look_up_conversations(db, group, accounts, wanted)
    group.reopenings = await limits.look_up(db, incoming, group.conversations)
    return group


async def _look_up_messages(
    db: AsyncSession, group: Group, accounts: Collection[str], keys: Collection[str]
) -> None:
    """Messages with the same Message-ID in the same channel: the same mail, or a reused id."""
    for some in chunks(sorted(keys)):
        found = await db.execute(_MESSAGES, {"accounts": accounts, "keys": some})
        for row in found.mappings():
            group.known.setdefault((row["account_id"], row["message_key"]), []).append(dict(row))


async def _look_up_threads(
    db: AsyncSession, group: Group, accounts: Collection[str], keys: Collection[str]
) -> None:
    for some in chunks(sorted(keys)):
        found = await db.execute(_THREADS, {"accounts": accounts, "keys": some})
        for account_id, key, conversation_id in found:
            group.threads[account_id, key] = conversation_id


async def _look_up_answered(db: AsyncSession, group: Group, incoming: Sequence[Incoming]) -> None:
    """Where the messages stand that signed ids name; most groups name none."""
    named = {(mail.account_id, one) for mail in incoming for one in mail.answers}
    if not named:
        return
    accounts = padded(sorted({account_id for account_id, _ in named}))
    for some in chunks(sorted({one for _, one in named})):
        found = await db.execute(_ANSWERED, {"accounts": accounts, "ids": some})
        for account_id, message_id, conversation_id in found:
            if conversation_id is not None:
                group.answered[account_id, message_id] = conversation_id


async def _look_up_conversations(
    db: AsyncSession, group: Group, accounts: Collection[str], wanted: Collection[str]
) -> None:
    """The conversations, and those that they were merged into."""
    while wanted:
        targets: set[str] = set()
        for some in chunks(sorted(wanted)):
            rows = await db.execute(_CONVERSATIONS, {"accounts": accounts, "ids": some})
            for row in rows.mappings():
                group.conversations[row["account_id"], row["id"]] = dict(row)
                if row["merged_into"] is not None:
                    targets.add(row["merged_into"])
        wanted = targets - {conversation_id for _, conversation_id in group.conversations}
