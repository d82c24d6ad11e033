"""
Where a mail belongs: the conversation that its ids lead to, and whether its writer may join (G1).

By signed addresses and ids, then by any known id, never by subject; within the account and the
channel.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.domain.conversations.incoming import Incoming
from app.domain.conversations.known import Group
from app.mail.addresses import canonical
from app.mail.threading import key_of


def thread_of(group: Group, mail: Incoming, own_key: str) -> dict[str, Any] | None:
    """The conversation that the ids lead to; one that an answer to this mail has opened, too."""
    for led_to in (mail.led_to, *(group.answered.get((mail.account_id, m)) for m in mail.answers)):
        found = _in_channel(group, mail, led_to)
        if found is not None:
            return found
    keys = [key_of(mail.scope, mentioned) for mentioned in mail.mentioned]
    if not group.known.get((mail.account_id, own_key)):
        keys.append(own_key)  # somebody mentioned this mail before it arrived
    for key in keys:
        found = _at(group, mail, key)
        if found is not None:
            return found
    return _by_index(group, mail)


def _by_index(group: Group, mail: Incoming) -> dict[str, Any] | None:
    """
    By Outlook's Thread-Index, when no id helps.

    Programs that write the same index on every mail write it without an answer's octets: such a
    mail follows it only to where its writer takes part.
    """
    index = mail.thread_index
    if index is None:
        return None
    found = _at(group, mail, key_of(mail.scope, index.root))
    if found is None or index.answers or may_join(found, mail):
        return found
    return None


def _at(group: Group, mail: Incoming, key: str) -> dict[str, Any] | None:
    return _in_channel(group, mail, group.threads.get((mail.account_id, key)))


def _in_channel(group: Group, mail: Incoming, conversation_id: str | None) -> dict[str, Any] | None:
    """The conversation, or the one it went into, when it is of the channel."""
    found = group.conversations.get((mail.account_id, conversation_id or ""))
    while found is not None and found["merged_into"] is not None:
        found = group.conversations.get((mail.account_id, found["merged_into"]))
    return found if found is not None and found["channel_id"] == mail.channel_id else None


def is_over(conversation: dict[str, Any], mail: Incoming, now: datetime) -> bool:
    """Was it closed so long ago that a person's answer is a new conversation (G2)?"""
    if not mail.opens or mail.is_comment:
        return False
    if mail.reopen_window_days is None or conversation["closed_at"] is None:
        return False
    return bool(now - conversation["closed_at"] > timedelta(days=mail.reopen_window_days))


def may_join(conversation: dict[str, Any], mail: Incoming) -> bool:
    """Somebody who takes part already, the team, or a report; others wait as pending (G1)."""
    if not mail.trusted:
        return False
    if mail.is_comment or mail.report is not None or mail.mail_class == "own":
        return True
    if mail.author.contact_id is not None and mail.author.contact_id == conversation["contact_id"]:
        return True
    address = canonical(mail.author.address)
    return any(canonical(p["address"]) == address for p in conversation["participants"])


def remember_ids(
    group: Group, mail: Incoming, own_key: str, conversation: dict[str, Any], *, anew: bool
) -> None:
    """The ids lead to the conversation; a follow-up takes over those of its predecessor."""
    for key in (own_key, *(key_of(mail.scope, mentioned) for mentioned in mail.mentioned)):
        _remember(group, mail, key, conversation, anew=anew)
    if mail.thread_index is not None:
        key = key_of(mail.scope, mail.thread_index.root)
        follows = conversation["follow_up_of"] is not None
        _remember(group, mail, key, conversation, anew=anew and follows)


def _remember(
    group: Group, mail: Incoming, key: str, conversation: dict[str, Any], *, anew: bool
) -> None:
    place = (mail.account_id, key)
    if anew or place not in group.threads:
        group.threads[place] = conversation["id"]
        group.thread_ids[place] = conversation["id"]
