"""
Incoming mail becomes messages of conversations: the set-wise verb of the inbound path.

One look-up and one insert a table for the whole group, however many mails it has. Each mail is
first compared with what is there (the same mail again is a delivery, not a message), then threaded
by the ids it names, else it opens a conversation. Mails of the same group see each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.domain.conversations.incoming import Incoming, TakenIn
from app.domain.conversations.known import Group, look_up
from app.domain.conversations.writing import comment_row, message_row, write
from app.domain.events import NewEvent
from app.mail.addresses import canonical
from app.mail.message import Mailbox
from app.mail.threading import is_made, key_of, same_content, same_subject

PARTICIPANT_LIMIT = 100


async def take_in(
    db: AsyncSession, incoming: Sequence[Incoming], now: datetime
) -> tuple[list[TakenIn], list[NewEvent]]:
    """
    Every mail is a message afterwards, or known as one; results stand in the order given.

    The caller holds the accounts' locks and records the events. Nothing is refused here.
    """
    group = await look_up(db, incoming)
    results = [_take_one(group, mail, now) for mail in incoming]
    await write(db, group, now)
    return results, group.events


def _take_one(group: Group, mail: Incoming, now: datetime) -> TakenIn:
    own_key = key_of(mail.scope, mail.message_id)
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
    message = message_row(mail, conversation, own_key, pending, now)
    group.messages.append(message)
    group.known.setdefault((mail.account_id, own_key), []).append(message)
    if conversation is not None:
        _remember_ids(group, mail, own_key, conversation["id"], anew=opened)
        _note_message(group, conversation, mail, pending, now)
        if mail.comment and mail.teammate is not None:
            group.messages.append(comment_row(message, mail.comment, mail.teammate))
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
            and _same_author(row, mail)
            and same_subject(row["subject"], mail.subject)
            and same_content(row["text"], mail.text)
            and _files(row["attachments"]) == _files(mail.attachments)
            and (row["mail_class"] == mail.mail_class or not is_made(mail.message_id))
        ):
            return row
    return None


def _same_author(row: dict[str, Any], mail: Incoming) -> bool:
    """The same person, under the same name unless one of the paths has rewritten From."""
    if canonical(row["author_address"]) != canonical(mail.author.address):
        return False
    kept = canonical(row["from_address"]) == canonical(mail.sender.address)
    return not kept or bool(row["from_name"] == mail.sender.name)


def _files(attachments: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """What has a name; nameless parts are footers that a group adds, and the like."""
    return sorted((one["filename"], one["size"]) for one in attachments if one["filename"])


def _thread_of(group: Group, mail: Incoming, own_key: str) -> dict[str, Any] | None:
    """The conversation that the ids lead to; one that an answer to this mail has opened, too."""
    scope = mail.scope
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
    group: Group, mail: Incoming, now: datetime, follow_up_of: str | None = None
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
    group: Group, conversation: dict[str, Any], mail: Incoming, pending: bool, now: datetime
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
    group: Group, mail: Incoming, own_key: str, conversation_id: str, *, anew: bool
) -> None:
    """The ids lead to the conversation; a follow-up takes over those of its predecessor."""
    scope = mail.scope
    for key in (own_key, *(key_of(scope, mentioned) for mentioned in mail.mentioned)):
        place = (mail.account_id, key)
        if anew or place not in group.threads:
            group.threads[place] = conversation_id
            group.thread_ids[place] = conversation_id
