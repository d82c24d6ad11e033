"""
Is this the same mail again? By another path it differs in From, subject, footers; not in the rest.

A reused Message-ID alone makes no mail the same (D3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.domain.conversations.incoming import Incoming
from app.mail.addresses import canonical
from app.mail.threading import is_made, same_content, same_subject


def same_mail(known: Iterable[dict[str, Any]], mail: Incoming) -> dict[str, Any] | None:
    """The message that `mail` is another copy of, among those of its Message-ID; or None."""
    for row in known:
        if row["raw_digest"] == mail.raw_digest or _is_copy(row, mail):
            return row
        if mail.mail_class == "own" and row["direction"] == "outgoing":
            return row  # whatever a list on its way has added to our own mail
    return None


def _is_copy(row: dict[str, Any], mail: Incoming) -> bool:
    return (
        row["sent_at"] == mail.sent_at
        and _same_author(row, mail)
        and same_subject(row["subject"], mail.subject)
        and _same_body(row, mail)
        and (row["mail_class"] == mail.mail_class or not is_made(mail.message_id))
    )


def _same_author(row: dict[str, Any], mail: Incoming) -> bool:
    """The same person, under the same name unless one of the paths has rewritten From."""
    same = canonical(row["author_address"]) == canonical(mail.author.address)
    if canonical(row["from_address"]) == canonical(mail.sender.address):
        return bool(row["from_name"] == mail.sender.name) and (same or _was_settled(row))
    return same or _is_hidden(row["attribution"]) or _is_hidden(mail.attribution)


def _is_hidden(decision: dict[str, Any] | None) -> bool:
    """Has one of the paths, a group's, hidden the author altogether (E7)?"""
    return bool(decision and decision["class"] == "rewritten" and decision["unresolved"])


def _was_settled(row: dict[str, Any]) -> bool:
    """Was the author decided by more than the mail: its conversation, or a person?"""
    return row["kind"] == "comment" or (row["attribution"] or {}).get("method") == "manual"


def _same_body(row: dict[str, Any], mail: Incoming) -> bool:
    """Text and files agree; those of a forward also where the message shows what was forwarded."""
    forms = [(mail.text, mail.attachments)]
    if mail.forwarded is not None:
        forms.append((mail.forwarded.text, mail.forwarded.attachments))
    files = _files(row["attachments"])
    return any(same_content(row["text"], text) and files == _files(own) for text, own in forms)


def _files(attachments: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """What has a name; nameless parts are footers that a group adds, and the like."""
    return sorted((one["filename"], one["size"]) for one in attachments if one["filename"])
