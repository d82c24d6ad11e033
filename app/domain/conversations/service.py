"""The verbs of conversations that people use: read, list, change, comment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import accounts, events, tickets
from app.domain.conversations import draining, ticketing
from app.domain.conversations.models import SPAM, Conversation, Message
from app.domain.conversations.searching import search
from app.domain.events import NewEvent
from app.domain.sender_identity import Post
from app.errors import Conflict, NotFound, invalid_field


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conversations; None: whichever."""

    state: str | None = None
    channel_id: str | None = None
    assignee_id: str | None = None
    unassigned: bool | None = None
    team_id: str | None = None
    contact_id: str | None = None
    since: datetime | None = None  # of the newest message
    until: datetime | None = None
    overdue: bool | None = None  # at `late_at`
    late_at: datetime | None = None
    spam: bool = False
    words: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationChange:
    """The fields of a conversation that a person changes; only those named in `fields` count."""

    fields: frozenset[str]
    state: str = "open"
    assignee_id: str | None = None
    team_id: str | None = None
    spam: bool = False


async def get(db: AsyncSession, account_id: str, conversation_id: str) -> Conversation:
    """The conversation. Raises NotFound."""
    found = await db.get(Conversation, (account_id, conversation_id))
    if found is None:
        raise NotFound("There is no such conversation.", "conversations.not_found")
    return found


async def get_unmerged(db: AsyncSession, account_id: str, conversation_id: str) -> Conversation:
    """The conversation, to change it. Raises NotFound; Conflict when it went into another one."""
    found = await get(db, account_id, conversation_id)
    if found.merged_into is not None:
        raise Conflict(
            f"This conversation was merged into {found.merged_into}.", "conversations.merged"
        )
    return found


async def list_conversations(
    db: AsyncSession, account_id: str, which: Filter, request: PageRequest
) -> Page[Conversation]:
    """
    Conversations, the one with the newest message first; without those that were merged.

    With words: those that are found by them, the one with the newest message found first.
    """
    conditions = conditions_of(which)
    if which.words is not None and which.words.strip():
        filtered = which != Filter(words=which.words)
        return await search(db, account_id, which.words, conditions, request, filtered=filtered)
    statement = select(Conversation).where(Conversation.account_id == account_id, *conditions)
    keys = [Conversation.last_message_at, Conversation.id]
    return await page_of(db, statement, keys, request, descending=True)


def conditions_of(which: Filter) -> list[ColumnElement[bool]]:
    """What holds of the conversations, words aside."""
    found: list[Any] = [
        SPAM if which.spam else Conversation.spam.is_(False),
        Conversation.merged_into.is_(None),
    ]
    for name in ("state", "channel_id", "contact_id", "assignee_id", "team_id"):
        value = getattr(which, name)
        if value is not None:
            found.append(getattr(Conversation, name) == value)
    if which.since is not None:
        found.append(Conversation.last_message_at >= which.since)
    if which.until is not None:
        found.append(Conversation.last_message_at < which.until)
    if which.overdue is not None and which.late_at is not None:
        found.append(tickets.overdue_is(which.overdue, Conversation.due_at, which.late_at))
    if which.unassigned is not None:
        nobody = Conversation.assignee_id.is_(None)
        found.append(nobody if which.unassigned else ~nobody)
    return found


async def change(
    db: AsyncSession,
    account_id: str,
    conversation_id: str,
    wanted: ConversationChange,
    now: datetime,
    post: Post | None = None,
) -> Conversation:
    """
    The conversation is as wanted afterwards; its history and the event log say what changed.

    Somebody may have room again: what waited is assigned, and `post` lets its notices leave.

    Raises NotFound, Conflict for a merged one, and Invalid for an assignee or team that is not of
    this account.
    """
    conversation = await get_unmerged(db, account_id, conversation_id)
    await _check_people(db, account_id, wanted)
    before = {name: getattr(conversation, name) for name in wanted.fields}
    changes = {
        name: {"before": before[name], "after": getattr(wanted, name)}
        for name in sorted(wanted.fields)
        if before[name] != getattr(wanted, name)
    }
    if not changes:
        return conversation
    for name, values in changes.items():
        setattr(conversation, name, values["after"])
    if "state" in changes:
        conversation.closed_at = now if conversation.state == "closed" else None
    if "spam" in changes:
        conversation.spam_at = now if conversation.spam else None
    _note(db, conversation, changes, now)
    facts = {
        "conversation_id": conversation.id,
        "channel_id": conversation.channel_id,
        "changes": changes,
    }
    types = ["conversation.updated", *_special_types(changes)]
    await events.record(db, [NewEvent(account_id, kind, facts) for kind in types], now)
    await ticketing.follow_change(db, conversation, changes, now)
    if before.get("assignee_id", conversation.assignee_id) is not None:
        await draining.drain(db, account_id, now, post)
    return conversation


async def release(
    db: AsyncSession,
    account_id: str,
    field: Literal["assignee_id", "team_id"],
    gone_id: str,
    now: datetime,
) -> None:
    """What was assigned to a user or team that is gone is unassigned: the team sees it again."""
    found = await db.execute(
        select(Conversation).where(
            Conversation.account_id == account_id, getattr(Conversation, field) == gone_id
        )
    )
    news = []
    for conversation in found.scalars():
        setattr(conversation, field, None)
        changes: dict[str, Any] = {field: {"before": gone_id, "after": None}}
        _note(db, conversation, changes, now)
        facts = {
            "conversation_id": conversation.id,
            "channel_id": conversation.channel_id,
            "changes": changes,
        }
        news += [
            NewEvent(account_id, kind, facts)
            for kind in ("conversation.updated", "conversation.assigned")
        ]
    await events.record(db, news, now)
    if field == "assignee_id":
        await tickets.release_owner(db, account_id, gone_id, now)
        await tickets.check_all(db, account_id, now)


async def _check_people(db: AsyncSession, account_id: str, wanted: ConversationChange) -> None:
    if "assignee_id" in wanted.fields and wanted.assignee_id is not None:
        try:
            await accounts.get_user(db, account_id, wanted.assignee_id)
        except NotFound as fault:
            raise invalid_field(
                "/assignee_id", "There is no such user.", "conversations.unknown_user"
            ) from fault
    if "team_id" in wanted.fields and wanted.team_id is not None:
        try:
            await accounts.get_team(db, account_id, wanted.team_id)
        except NotFound as fault:
            raise invalid_field(
                "/team_id", "There is no such team.", "conversations.unknown_team"
            ) from fault


def _special_types(changes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    types = []
    if "state" in changes:
        closed = changes["state"]["after"] == "closed"
        types.append("conversation.closed" if closed else "conversation.reopened")
    if "assignee_id" in changes or "team_id" in changes:
        types.append("conversation.assigned")
    return types


def _note(
    db: AsyncSession,
    conversation: Conversation,
    changes: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> None:
    """An event of the history: visible among the messages, never mailed (G4)."""
    words = "; ".join(
        f"{name}: {values['before']} → {values['after']}" for name, values in changes.items()
    )
    db.add(_internal(conversation, "event", words, now))


async def note(
    db: AsyncSession, account_id: str, conversation_id: str, words: str, now: datetime
) -> None:
    """An event of the conversation's history, in words. Raises NotFound."""
    db.add(_internal(await get(db, account_id, conversation_id), "event", words, now))


async def comment(
    db: AsyncSession,
    account_id: str,
    conversation_id: str,
    *,
    text: str,
    author_id: str,
    now: datetime,
) -> Message:
    """
    An internal comment by a user; never mailed (G4).

    Raises NotFound, Invalid; Conflict for a merged conversation.
    """
    conversation = await get_unmerged(db, account_id, conversation_id)
    try:
        author = await accounts.get_user(db, account_id, author_id)
    except NotFound as fault:
        raise invalid_field(
            "/author_id", "There is no such user.", "conversations.unknown_user"
        ) from fault
    message = _internal(conversation, "comment", text, now)
    message.author_user_id, message.author_name = author.id, author.name
    message.author_address = author.email
    db.add(message)
    conversation.message_count += 1
    conversation.last_message_at = now
    facts = {
        "conversation_id": conversation.id,
        "channel_id": conversation.channel_id,
        "message_id": message.id,
    }
    await events.record(db, [NewEvent(account_id, "comment.created", facts)], now)
    return message


def _internal(conversation: Conversation, kind: str, text: str, now: datetime) -> Message:
    return Message(
        account_id=conversation.account_id,
        id=ids.new("msg"),
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        kind=kind,
        direction=None,
        mail_class="human" if kind == "comment" else "own",
        pending=False,
        from_name="",
        from_address="",
        author_contact_id=None,
        author_user_id=None,
        author_name="",
        author_address="",
        to=[],
        cc=[],
        subject=conversation.subject,
        text=text,
        html=None,
        reply_text=text,
        quoted_text="",
        attachments=[],
        truncated=[],
        message_id="",
        message_key=None,
        in_reply_to=None,
        report=None,
        authentication={},
        attribution=None,
        raw_digest=None,
        sent_at=None,
        created_at=now,
    )
