"""
Incoming mail becomes messages of conversations: the set-wise verb of the inbound path.

One look-up and one insert a table for the whole group, however many mails it has. Each mail is
first compared with what is there (the same mail again is a delivery, not a message), then threaded
by the ids it names, else it opens a conversation. Mails of the same group see each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.domain.conversations import limits
from app.domain.conversations.authors import settle_authors, show_forwarded, speak_for_himself
from app.domain.conversations.comparing import same_mail
from app.domain.conversations.incoming import Incoming, TakenIn
from app.domain.conversations.known import Group, look_up
from app.domain.conversations.placing import is_over, may_join, remember_ids, thread_of
from app.domain.conversations.writing import comment_row, message_row, write
from app.domain.events import NewEvent
from app.domain.sender_identity import Post
from app.mail.addresses import canonical
from app.mail.message import Mailbox
from app.mail.threading import key_of

PARTICIPANT_LIMIT = 100


async def take_in(
    db: AsyncSession, incoming: Sequence[Incoming], now: datetime, post: Post | None = None
) -> tuple[list[TakenIn], list[NewEvent]]:
    """
    Every mail is a message afterwards, or known as one; results stand in the order given.

    The caller holds the accounts' locks and records the events. Nothing is refused here.
    Without a `post` no notice leaves.
    """
    group = await look_up(db, incoming)
    group.post = post
    await settle_authors(db, group, incoming, now)
    results = [_take_one(group, mail, now) for mail in incoming]
    await write(db, group, now)
    return results, [*group.people, *group.events]


def _take_one(group: Group, mail: Incoming, now: datetime) -> TakenIn:
    own_key = key_of(mail.scope, mail.message_id)
    same = same_mail(group.known.get((mail.account_id, own_key), ()), mail)
    if same is not None:
        return TakenIn(same["id"], same["conversation_id"], duplicate=True)
    conversation, opened = _place(group, mail, own_key, now)
    pending = not opened and conversation is not None and not may_join(conversation, mail)
    message = message_row(mail, conversation, own_key, pending, now)
    group.messages.append(message)
    group.known.setdefault((mail.account_id, own_key), []).append(message)
    if conversation is not None:
        remember_ids(group, mail, own_key, conversation, anew=opened)
        _note_message(group, conversation, mail, pending, now)
        if opened and mail.comment and mail.teammate is not None:
            group.messages.append(comment_row(message, mail.comment, mail.teammate))
            conversation["message_count"] += 1
    facts = {
        "message_id": message["id"],
        "conversation_id": message["conversation_id"],
        "channel_id": mail.channel_id,
        "class": mail.mail_class,
        "pending": pending,
    }
    group.events.append(NewEvent(mail.account_id, "message.received", facts))
    return TakenIn(message["id"], message["conversation_id"], duplicate=False)


def _place(
    group: Group, mail: Incoming, own_key: str, now: datetime
) -> tuple[dict[str, Any] | None, bool]:
    """The conversation of the mail, and whether the mail has opened it."""
    found = thread_of(group, mail, own_key)
    if found is not None and not is_over(found, mail, now):
        speak_for_himself(mail)
        show_forwarded(mail)
        return found, False
    if not mail.opens:
        return None, False
    topic = mail.forwarded.topic if mail.forwarded else mail.subject
    show_forwarded(mail)
    return _open(group, mail, topic, now, follow_up_of=found["id"] if found else None), True


def _open(
    group: Group, mail: Incoming, topic: str, now: datetime, *, follow_up_of: str | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account_id": mail.account_id,
        "id": ids.new("cnv"),
        "channel_id": mail.channel_id,
        "contact_id": (mail.addressee or mail.author).contact_id,
        "subject": topic,
        "state": "open",
        "assignee_id": None,
        "team_id": None,
        "ticket_id": None,
        "spam": False,
        "participants": [],
        "follow_up_of": follow_up_of,
        "merged_into": None,
        "message_count": 0,
        "last_message_at": now,
        "last_received_at": None,
        "last_sent_at": None,
        "created_at": now,
        "closed_at": None,
        "routing_decision": None,
        "awaits_routing": False,
    }
    group.opened.append(row)
    group.conversations[row["account_id"], row["id"]] = row
    return row


def _note_message(
    group: Group, conversation: dict[str, Any], mail: Incoming, pending: bool, now: datetime
) -> None:
    """What a conversation knows of its newest message."""
    conversation["message_count"] += 1
    conversation["last_message_at"] = now
    if mail.mail_class == "human" and not pending:
        _join(conversation, mail)
        if not mail.is_comment:
            conversation["last_received_at"] = now
            if conversation["state"] == "closed":
                _reopen(group, conversation, mail, now)
    key = (conversation["account_id"], conversation["id"])
    if not any(row is conversation for row in group.opened):
        group.changed[key] = conversation


def _reopen(group: Group, conversation: dict[str, Any], mail: Incoming, now: datetime) -> None:
    """A person's mail reopens; what comes too often stays in the closed conversation (F3)."""
    facts = {"conversation_id": conversation["id"], "channel_id": conversation["channel_id"]}
    if not limits.may_reopen(group.reopenings, conversation, mail, now):
        group.events.append(NewEvent(mail.account_id, "conversation.reopening_limited", facts))
        return
    conversation["state"], conversation["closed_at"] = "open", None
    group.events.append(NewEvent(mail.account_id, "conversation.reopened", facts))


def _join(conversation: dict[str, Any], mail: Incoming) -> None:
    """Author and people in To and Cc take part from now on; teammates are no participants."""
    people = list(conversation["participants"])
    known = {canonical(p["address"]) for p in people}
    author = () if mail.is_comment else (Mailbox(mail.author.name, mail.author.address),)
    for person in (*author, *mail.bystanders):
        address = canonical(person.address)
        if address and address not in known and len(people) < PARTICIPANT_LIMIT:
            known.add(address)
            people.append({"name": person.name, "address": person.address})
    conversation["participants"] = people
