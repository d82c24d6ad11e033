"""
Incoming mail becomes messages of conversations: the set-wise verb of the inbound path.

One look-up and one insert a table for the whole group, however many mails it has. Each mail is
first compared with what is there (the same mail again is a delivery, not a message), then threaded
by the ids it names, else it opens a conversation. Mails of the same group see each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import chunks
from app.domain import contacts
from app.domain.conversations.models import Conversation, Message, ThreadId
from app.domain.events import NewEvent
from app.mail.addresses import canonical
from app.mail.message import Mailbox
from app.mail.threading import key_of, same_content

PARTICIPANT_LIMIT = 100

MESSAGES: Table = Message.__table__  # type: ignore[assignment]
CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]
THREAD_IDS: Table = ThreadId.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Author:
    """
    Who wrote a mail, after attribution.

    Without a contact when nobody is known to have written it; a conversation that it opens gets a
    placeholder of the author's name then (E7).
    """

    name: str
    address: str
    contact_id: str | None = None
    user_id: str | None = None


@dataclass(slots=True)
class Incoming:
    """One mail for one channel, read and attributed."""

    account_id: str
    channel_id: str
    author: Author
    sender: Mailbox  # the header From
    to: list[dict[str, str]]
    cc: list[dict[str, str]]
    bystanders: tuple[Mailbox, ...]  # people in To and Cc who are not the channel itself
    subject: str
    topic: str  # the conversation's subject: that of the forwarded mail, if it is a forward
    text: str
    html: str | None
    reply_text: str
    quoted_text: str
    attachments: list[dict[str, Any]]
    message_id: str
    mentioned: tuple[str, ...]
    in_reply_to: str | None
    mail_class: str
    report: dict[str, Any] | None
    attribution: dict[str, Any]
    authentication: dict[str, Any]
    raw_digest: str
    sent_at: datetime | None
    received_at: datetime
    opens: bool  # may it open a conversation? (F1: only what a person wrote)
    trusted: bool  # false: the author is contradicted and joins nothing unseen
    reopen_window_days: int | None = None  # closed for longer: a follow-up instead (G2)
    teammate: Author | None = None  # the person of the team who sent it
    is_comment: bool = False  # the teammate's own words, nothing forwarded (E4)
    comment: str = ""  # the teammate's words above what is forwarded


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of an incoming mail."""

    message_id: str
    conversation_id: str | None
    duplicate: bool


@dataclass(slots=True)
class _Group:
    """What the database knows that matters for a group, and what is to be written for it."""

    known: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    threads: dict[tuple[str, str], str] = field(default_factory=dict)
    conversations: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    opened: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    thread_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)


async def take_in(
    db: AsyncSession, incoming: Sequence[Incoming], now: datetime
) -> tuple[list[TakenIn], list[NewEvent]]:
    """
    Every mail is a message afterwards, or known as one; results stand in the order given.

    The caller holds the accounts' locks and records the events. Nothing is refused here.
    """
    group = await _look_up(db, incoming)
    results = [_take_one(group, mail, now) for mail in incoming]
    await _write(db, group, now)
    return results, group.events


def _scope(mail: Incoming) -> str:
    return f"{mail.account_id}/{mail.channel_id}"


async def _look_up(db: AsyncSession, incoming: Sequence[Incoming]) -> _Group:
    accounts = sorted({mail.account_id for mail in incoming})
    own, named = set(), set()
    for mail in incoming:
        scope = _scope(mail)
        own.add(key_of(scope, mail.message_id))
        named.update(key_of(scope, mentioned) for mentioned in mail.mentioned)
    group = _Group()
    await _look_up_messages(db, group, accounts, own)
    await _look_up_threads(db, group, accounts, own | named)
    return group


async def _look_up_messages(
    db: AsyncSession, group: _Group, accounts: Collection[str], keys: Collection[str]
) -> None:
    """Messages with the same Message-ID in the same channel: the same mail, or a reused id."""
    for some in chunks(sorted(keys)):
        # Two IN lists instead of row values, which SQLite answers by a scan.
        found = await db.execute(
            select(
                Message.account_id,
                Message.id,
                Message.conversation_id,
                Message.message_key,
                Message.author_address,
                Message.text,
                Message.sent_at,
            ).where(Message.account_id.in_(accounts), Message.message_key.in_(some))
        )
        for row in found.mappings():
            group.known.setdefault((row["account_id"], row["message_key"]), []).append(dict(row))


async def _look_up_threads(
    db: AsyncSession, group: _Group, accounts: Collection[str], keys: Collection[str]
) -> None:
    for some in chunks(sorted(keys)):
        found = await db.execute(
            select(THREAD_IDS).where(
                THREAD_IDS.c.account_id.in_(accounts), THREAD_IDS.c.key.in_(some)
            )
        )
        for account_id, key, conversation_id in found:
            group.threads[account_id, key] = conversation_id
    for wanted in chunks(sorted(set(group.threads.values()))):
        rows = await db.execute(
            select(CONVERSATIONS).where(
                CONVERSATIONS.c.account_id.in_(accounts), CONVERSATIONS.c.id.in_(wanted)
            )
        )
        for row in rows.mappings():
            group.conversations[row["account_id"], row["id"]] = dict(row)


def _take_one(group: _Group, mail: Incoming, now: datetime) -> TakenIn:
    own_key = key_of(_scope(mail), mail.message_id)
    same = _same_mail(group.known.get((mail.account_id, own_key), ()), mail)
    if same is not None:
        return TakenIn(same["id"], same["conversation_id"], duplicate=True)
    conversation = _thread_of(group, mail, own_key)
    pending = False
    opened = False
    if conversation is not None and _is_over(conversation, mail, now):
        conversation, opened = _open(group, mail, now, follow_up_of=conversation["id"]), True
    elif conversation is None and mail.opens:
        conversation, opened = _open(group, mail, now), True
    elif conversation is not None:
        _unwrap_no_more(mail)
        pending = not _may_join(conversation, mail)
    message = _message_row(mail, conversation, own_key, pending, now)
    group.messages.append(message)
    group.known.setdefault((mail.account_id, own_key), []).append(message)
    if conversation is not None:
        _remember_ids(group, mail, own_key, conversation["id"], anew=opened)
        _note_message(group, conversation, mail, pending, now)
        if mail.comment and mail.teammate is not None:
            group.messages.append(_comment_row(message, mail.comment, mail.teammate))
            conversation["message_count"] += 1
    group.events.append(
        NewEvent(
            mail.account_id,
            "message.received",
            {
                "message_id": message["id"],
                "conversation_id": message["conversation_id"],
                "channel_id": mail.channel_id,
                "class": mail.mail_class,
                "pending": pending,
            },
        )
    )
    return TakenIn(message["id"], message["conversation_id"], duplicate=False)


def _same_mail(known: Iterable[dict[str, Any]], mail: Incoming) -> dict[str, Any] | None:
    """The message that this mail is another copy of; a reused Message-ID alone is none."""
    for row in known:
        if (
            row["sent_at"] == mail.sent_at
            and canonical(row["author_address"]) == canonical(mail.author.address)
            and same_content(row["text"], mail.text)
        ):
            return row
    return None


def _thread_of(group: _Group, mail: Incoming, own_key: str) -> dict[str, Any] | None:
    """The conversation that the ids lead to; one that an answer to this mail has opened, too."""
    scope = _scope(mail)
    keys = [*(key_of(scope, mentioned) for mentioned in mail.mentioned)]
    if not group.known.get((mail.account_id, own_key)):
        keys.append(own_key)  # somebody mentioned this mail before it arrived
    for key in keys:
        conversation_id = group.threads.get((mail.account_id, key))
        found = group.conversations.get((mail.account_id, conversation_id or ""))
        if found is not None and found["channel_id"] == mail.channel_id:
            return found
    return None


def _is_over(conversation: dict[str, Any], mail: Incoming, now: datetime) -> bool:
    """Was it closed so long ago that a person's answer is a new conversation (G2)?"""
    if not mail.opens or mail.reopen_window_days is None or conversation["closed_at"] is None:
        return False
    return bool(now - conversation["closed_at"] > timedelta(days=mail.reopen_window_days))


def _unwrap_no_more(mail: Incoming) -> None:
    """In a conversation that exists a teammate speaks for himself, whatever he quotes (E4)."""
    if mail.teammate is None or mail.is_comment:
        return
    mail.author, mail.is_comment, mail.comment = mail.teammate, True, ""
    mail.attribution = {
        **mail.attribution,
        "method": "from",
        "unresolved": False,
        "original": None,
        "candidates": [
            *(
                {**one, "accepted": False, "reason": "It answers a known conversation."}
                for one in mail.attribution["candidates"]
            ),
            {
                "method": "from",
                "name": mail.teammate.name,
                "address": mail.teammate.address,
                "accepted": True,
                "reason": "A person of this account writes in a known conversation.",
            },
        ],
    }


def _may_join(conversation: dict[str, Any], mail: Incoming) -> bool:
    """A person who takes part already, or somebody of the team; others wait as pending (G1)."""
    if not mail.trusted:
        return False
    if mail.author.user_id is not None or mail.mail_class != "human":
        return True
    if mail.author.contact_id == conversation["contact_id"]:
        return True
    address = canonical(mail.author.address)
    return any(canonical(p["address"]) == address for p in conversation["participants"])


def _open(
    group: _Group, mail: Incoming, now: datetime, follow_up_of: str | None = None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account_id": mail.account_id,
        "id": ids.new("cnv"),
        "channel_id": mail.channel_id,
        "contact_id": mail.author.contact_id,
        "subject": mail.topic,
        "state": "open",
        "assignee_id": None,
        "team_id": None,
        "ticket_id": None,
        "spam": False,
        "participants": [],
        "follow_up_of": follow_up_of,
        "message_count": 0,
        "last_message_at": now,
        "last_received_at": None,
        "last_sent_at": None,
        "created_at": now,
        "closed_at": None,
        "routing_decision": None,
    }
    group.opened.append(row)
    group.conversations[row["account_id"], row["id"]] = row
    return row


def _note_message(
    group: _Group, conversation: dict[str, Any], mail: Incoming, pending: bool, now: datetime
) -> None:
    """What a conversation knows of its newest message."""
    conversation["message_count"] += 1
    conversation["last_message_at"] = now
    if mail.mail_class == "human" and not pending and not mail.is_comment:
        conversation["last_received_at"] = now
        _join(conversation, mail)
        if conversation["state"] == "closed":
            conversation["state"], conversation["closed_at"] = "open", None
            group.events.append(
                NewEvent(
                    mail.account_id,
                    "conversation.reopened",
                    {"conversation_id": conversation["id"]},
                )
            )
    key = (conversation["account_id"], conversation["id"])
    if not any(row is conversation for row in group.opened):
        group.changed[key] = conversation


def _join(conversation: dict[str, Any], mail: Incoming) -> None:
    """Author and people in To and Cc take part from now on; teammates are no participants."""
    people = list(conversation["participants"])
    known = {canonical(p["address"]) for p in people}
    author = () if mail.author.user_id else (Mailbox(mail.author.name, mail.author.address),)
    for person in (*author, *mail.bystanders):
        address = canonical(person.address)
        if address and address not in known and len(people) < PARTICIPANT_LIMIT:
            known.add(address)
            people.append({"name": person.name, "address": person.address})
    conversation["participants"] = people


def _remember_ids(
    group: _Group, mail: Incoming, own_key: str, conversation_id: str, *, anew: bool
) -> None:
    """The ids lead to the conversation; a follow-up takes over those of its predecessor."""
    scope = _scope(mail)
    for key in (own_key, *(key_of(scope, mentioned) for mentioned in mail.mentioned)):
        place = (mail.account_id, key)
        if anew or place not in group.threads:
            group.threads[place] = conversation_id
            group.thread_ids[place] = conversation_id


def _message_row(
    mail: Incoming,
    conversation: dict[str, Any] | None,
    own_key: str,
    pending: bool,
    now: datetime,
) -> dict[str, Any]:
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


def _comment_row(message: dict[str, Any], words: str, teammate: Author) -> dict[str, Any]:
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
        "message_id": "",
        "attribution": None,
        "raw_digest": None,
    }


async def _write(db: AsyncSession, group: _Group, now: datetime) -> None:
    if group.opened:
        await _name_contacts(db, group, now)
        await db.execute(insert(CONVERSATIONS), group.opened)
    if group.messages:
        await db.execute(insert(MESSAGES), group.messages)
    if group.thread_ids:
        rows = [
            {"account_id": account_id, "key": key, "conversation_id": conversation_id}
            for (account_id, key), conversation_id in group.thread_ids.items()
        ]
        await db.execute(_insert_thread_ids(db), rows)
    if group.changed:
        await db.execute(_UPDATE, [_change(row) for row in group.changed.values()])


async def _name_contacts(db: AsyncSession, group: _Group, now: datetime) -> None:
    """Placeholders for the opened conversations that nobody is known to have begun."""
    news: list[NewEvent] = []
    for row in group.opened:
        if row["contact_id"] is None:
            name = next(m["author_name"] for m in group.messages if _is_first(m, row))
            placeholder, created = await contacts.create_placeholder(
                db, row["account_id"], name, now
            )
            row["contact_id"] = placeholder.id
            news.append(created)
            for message in group.messages:
                if _is_first(message, row) and message["author_user_id"] is None:
                    message["author_contact_id"] = placeholder.id
        news.append(_created(row))
    group.events[:0] = news  # a conversation is created before its message is received


def _is_first(message: dict[str, Any], conversation: dict[str, Any]) -> bool:
    return bool(message["conversation_id"] == conversation["id"] and message["message_key"])


def _created(row: dict[str, Any]) -> NewEvent:
    facts = {name: row[name] for name in ("channel_id", "contact_id", "subject", "follow_up_of")}
    return NewEvent(
        row["account_id"], "conversation.created", {"conversation_id": row["id"], **facts}
    )


def _insert_thread_ids(db: AsyncSession) -> Any:
    make = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
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
