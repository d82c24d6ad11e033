"""Events of a conversation's history as rows: visible among the messages, never mailed (G4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app import ids


def event_row(conversation: Mapping[str, Any], words: str, now: datetime) -> dict[str, Any]:
    """The event in the history of a conversation, of which id, account, channel, subject count."""
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "direction",
            "author_contact_id",
            "author_user_id",
            "html",
            "message_key",
            "in_reply_to",
            "report",
            "attribution",
            "raw_digest",
            "sent_at",
        )
    )
    empty = dict.fromkeys(
        (
            "from_name",
            "from_address",
            "author_name",
            "author_address",
            "quoted_text",
            "message_id",
        ),
        "",
    )
    return {
        **nothing,
        **empty,
        "account_id": conversation["account_id"],
        "id": ids.new("msg"),
        "conversation_id": conversation["id"],
        "channel_id": conversation["channel_id"],
        "kind": "event",
        "mail_class": "own",
        "pending": False,
        "to": [],
        "cc": [],
        "subject": conversation["subject"],
        "text": words,
        "reply_text": words,
        "attachments": [],
        "truncated": [],
        "authentication": {},
        "created_at": now,
    }
