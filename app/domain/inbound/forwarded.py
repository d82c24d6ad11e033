"""
What the team forwards, by hand or by a rule of its mailbox, as the conversations room takes it.

Deliberately not here: who wrote it (`app.mail.attribution`).
"""

from __future__ import annotations

from typing import Any

from app.domain.conversations import Author, Forwarded
from app.domain.inbound import reading as stored
from app.domain.inbound.reading import Reading
from app.mail import attribution, classify, quoting
from app.mail.attribution import Attribution, Original
from app.mail.classify import Verdict
from app.mail.message import Mailbox


def desk_of(sender: Mailbox, decision: Attribution) -> Author | None:
    """The team address, when somebody who works in its mailbox forwards with words of his own."""
    if decision.original is None or not decision.comment:
        return None
    return Author(sender.name, sender.address)


def machine_within(decision: Attribution, own_lists: frozenset[str]) -> Verdict | None:
    """
    The verdict on a machine's mail that a rule of the team address passes on; None: it is no such.

    The rule says nothing of who wrote the mail, which is of the class that it had by itself (F1).
    """
    original = decision.original
    if original is None or not _is_by_rule(decision):
        return None
    if original.whole is None:
        return classify.classify_passed_on(original.subject, original.text)
    path = original.author.address or "?"  # which it had is not known, but it is no bounce
    found = classify.classify(original.whole, reverse_path=path, own_lists=own_lists, report=None)
    return found if found.mail_class != classify.HUMAN else None


def forwarded_of(
    reading: Reading, decision: Attribution, files: list[dict[str, Any]]
) -> Forwarded | None:
    """What the team forwards, as it is to be shown; nothing of the outer mail is lost."""
    original = decision.original
    if original is None:
        return None
    text, is_long = original.text[: stored.TEXT_LIMIT], len(original.text) > stored.TEXT_LIMIT
    reply, quoted = _divided(original, decision)
    topic = original.subject or reading.mail.subject
    if original.whole is None:
        kept = [name for name in ("text", "html", "attachments") if name in reading.truncated]
        cut = [*kept, *stored.names_of(reply_text=is_long)]
        return Forwarded(topic, reading.text, reading.html, reply, quoted, files, cut)
    inner = stored.attachments(original.whole.attachments)
    # Not what the mail was carried in, nor its own files once more (those of a winmail.dat).
    shown = {original.carrier, *(one["locator"] for one in inner)}
    carried = [
        one
        for one in files
        if one["content_type"] not in attribution.WHOLE and one["locator"] not in shown
    ]
    html, whole = stored.clean_html(original.whole.html)
    files_cut = "attachments" in reading.truncated or len(inner) < len(original.whole.attachments)
    cut = stored.names_of(text=is_long, html=not whole, reply_text=is_long, attachments=files_cut)
    return Forwarded(topic, text, html, reply, quoted, [*inner, *carried], cut)


def _divided(original: Original, decision: Attribution) -> tuple[str, str]:
    """
    The original's words and what they answer.

    A forward by hand is read whole, since nobody has seen its history yet; what a rule passes on
    is the customer's mail as if it had come itself.
    """
    if not _is_by_rule(decision):
        return original.text[: stored.TEXT_LIMIT], ""
    parts = quoting.split(original.text, original.html, original.subject)
    return parts.reply[: stored.TEXT_LIMIT], parts.quoted[: stored.TEXT_LIMIT]


def _is_by_rule(decision: Attribution) -> bool:
    return decision.arrival == attribution.REWRITTEN and not decision.comment
