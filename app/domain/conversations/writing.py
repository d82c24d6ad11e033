"""The rows that a group of incoming mails becomes; they are written one statement a table."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import dialect_of
from app.domain import contacts
from app.domain.conversations import assigning, indexing, limits, ticketing
from app.domain.conversations.incoming import Author, Incoming
from app.domain.conversations.known import CONVERSATIONS, MESSAGES, THREAD_IDS, Group
from app.domain.events import NewEvent
from app.rows import insert_rows


def message_row(
    mail: Incoming,
    conversation: dict[str, Any] | None,
    own_key: str,
    pending: bool,
    now: datetime,
) -> dict[str, Any]:
    """The message that a mail becomes."""
    return {
        "account_id": mail.account_id,
        "id": ids.new("msg"),
        "conversation_id": conversation["id"] if conversation else None,
        "channel_id": mail.channel_id,
        "kind": "comment" if mail.is_comment else "message",
        "direction": None if mail.is_comment else "incoming",
        "mail_class": mail.mail_class,
        "pending": pending,
        "from_name": mail.sender.name,
        "from_address": mail.sender.address,
        "author_contact_id": mail.author.contact_id,
        "author_user_id": mail.author.user_id,
        "author_name": mail.author.name,
        "author_address": mail.author.address,
        "to": mail.to,
        "cc": mail.cc,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "reply_text": mail.reply_text,
        "quoted_text": mail.quoted_text,
        "attachments": mail.attachments,
        "truncated": mail.truncated,
        "message_id": mail.message_id,
        "message_key": own_key,
        "in_reply_to": mail.in_reply_to,
        "report": mail.report,
        "authentication": mail.authentication,
        "attribution": mail.attribution,
        "raw_digest": mail.raw_digest,
        "sent_at": mail.sent_at,
        "created_at": now,
    }


def comment_row(message: dict[str, Any], words: str, teammate: Author) -> dict[str, Any]:
    """The forwarding teammate's own words, as an internal comment behind what was forwarded."""
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "direction",
            "author_contact_id",
            "html",
            "message_key",
            "in_reply_to",
            "report",
            "sent_at",
        )
    )
    return {
        **message,
        **nothing,
        "id": ids.new("msg"),
        "kind": "comment",
        "author_user_id": teammate.user_id,
        "author_name": teammate.name,
        "author_address": teammate.address,
        "to": [],
        "cc": [],
        "text": words,
        "reply_text": words,
        "quoted_text": "",
        "attachments": [],
        "truncated": [],
        "message_id": "",
        "attribution": None,
        "raw_digest": None,
        "sent_at": None,
    }


_INSERT_CONVERSATIONS, _INSERT_MESSAGES = insert(CONVERSATIONS), insert(MESSAGES)


async def write(db: AsyncSession, group: Group, now: datetime) -> None:
    """Write what was decided for the group."""
    if group.opened:
        await _name_contacts(db, group, now)
        await assigning.route_opened(db, group, now)
        await ticketing.open_tickets(db, group, now)
        await insert_rows(db, _INSERT_CONVERSATIONS, group.opened)
    if group.messages:
        await insert_rows(db, _INSERT_MESSAGES, group.messages)
        await indexing.index(db, group.messages)
    if group.thread_ids:
        rows = [
            {"account_id": account_id, "key": key, "conversation_id": conversation_id}
            for (account_id, key), conversation_id in group.thread_ids.items()
        ]
        await insert_rows(db, _insert_thread_ids(dialect_of(db)), rows)
    await limits.write(db, group.reopenings)
    if group.changed:
        await db.execute(_UPDATE, [_change(row) for row in group.changed.values()])
    await assigning.keep_decisions(db, group, now)
    await ticketing.follow_messages(db, group, now)


async def _name_contacts(db: AsyncSession, group: Group, now: datetime) -> None:
    """Placeholders for the opened conversations that nobody is known to have begun."""
    nameless = [row for row in group.opened if row["contact_id"] is None]
    firsts = [next(one for one in group.messages if _is_first(one, row)) for row in nameless]
    names = [
        (first["account_id"], "" if first["author_user_id"] is not None else first["author_name"])
        for first in firsts
    ]
    made = await contacts.create_placeholders(db, names, now)
    for row, first, (placeholder, created) in zip(nameless, firsts, made, strict=True):
        row["contact_id"] = placeholder.id
        group.people.append(created)
        if first["author_user_id"] is None:
            first["author_contact_id"] = placeholder.id
    # A conversation is created before its message is received.
    group.events[:0] = [_created(row) for row in group.opened]


def _is_first(message: dict[str, Any], conversation: dict[str, Any]) -> bool:
    return bool(message["conversation_id"] == conversation["id"] and message["message_key"])


def _created(row: dict[str, Any]) -> NewEvent:
    facts = {name: row[name] for name in ("channel_id", "contact_id", "subject", "follow_up_of")}
    return NewEvent(
        row["account_id"], "conversation.created", {"conversation_id": row["id"], **facts}
    )


@functools.cache
def _insert_thread_ids(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(THREAD_IDS)
    return statement.on_conflict_do_update(
        index_elements=["account_id", "key"],
        set_={"conversation_id": statement.excluded.conversation_id},
    )


_CHANGING = (
    "participants",
    "state",
    "closed_at",
    "message_count",
    "last_message_at",
    "last_received_at",
)
_UPDATE = (
    update(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.account_id == bindparam("in_account"),
        CONVERSATIONS.c.id == bindparam("in_id"),
    )
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)


def _change(row: dict[str, Any]) -> dict[str, Any]:
    values = {f"new_{name}": row[name] for name in _CHANGING}
    return {"in_account": row["account_id"], "in_id": row["id"], **values}
