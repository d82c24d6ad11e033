"""People and files of mails as the rows of messages hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app import ids
from app.mail.message import Attachment, Mailbox


def people(boxes: Sequence[Mailbox]) -> list[dict[str, str]]:
    """Mailboxes as they are stored."""
    return [{"name": box.name, "address": box.address} for box in boxes]


def attachments(found: Sequence[Attachment]) -> list[dict[str, Any]]:
    """Attachments as they are stored, each with an id of its own."""
    return [
        {
            "id": ids.new("att"),
            "filename": one.filename,
            "content_type": one.content_type,
            "size": one.size,
            "inline": one.inline,
            "content_id": one.content_id,
            "locator": one.locator,
        }
        for one in found
    ]
