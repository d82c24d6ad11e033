"""
Reading a mail: everything about it that needs no database. Pure, and done before a transaction.

Deliberately not here: whose mail it is. Attribution and class need facts of the channel.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from app.domain import conversations
from app.mail import html, quoting, threading
from app.mail.attribution import Attribution
from app.mail.authentication import Authentication
from app.mail.message import Attachment, Mail, Mailbox
from app.mail.parse import parse
from app.mail.reports import Report, read_report

TEXT_LIMIT = 1_000_000  # characters of text or HTML kept in the row; the raw mail has the rest
PEOPLE_LIMIT = 200
ATTACHMENT_LIMIT = 500


@dataclass(slots=True)
class Reading:
    """A mail as it was read, ready to be stored."""

    mail: Mail
    text: str
    html: str | None
    reply_text: str
    quoted_text: str
    truncated: list[str]  # what is cut, by the names of a message's fields
    message_id: str
    mentioned: tuple[str, ...]
    thread_index: threading.ThreadIndex | None
    report: Report | None


def read(raw: bytes, reverse_path: str) -> Reading:
    """The mail read. Raises nothing by design; the caller is prepared for a fault all the same."""
    mail = parse(raw)
    split = quoting.split(mail.text, mail.html, mail.subject)
    cleaned, whole = clean_html(mail.html)
    report = read_report(mail, reverse_path)
    mentioned = threading.mentioned_ids(mail)
    if report is not None and report.original_message_id:
        mentioned = (*mentioned, report.original_message_id)
    return Reading(
        mail=mail,
        text=mail.text[:TEXT_LIMIT],
        html=cleaned,
        reply_text=split.reply[:TEXT_LIMIT],
        quoted_text=split.quoted[:TEXT_LIMIT],
        truncated=names_of(
            text=len(mail.text) > TEXT_LIMIT,
            html=not whole,
            reply_text=len(split.reply) > TEXT_LIMIT,
            quoted_text=len(split.quoted) > TEXT_LIMIT,
            attachments=len(mail.attachments) > ATTACHMENT_LIMIT,
            to=len(mail.to) > PEOPLE_LIMIT,
            cc=len(mail.cc) > PEOPLE_LIMIT,
        ),
        message_id=mail.message_id or threading.made_message_id(mail),
        mentioned=mentioned,
        thread_index=threading.thread_index(mail),
        report=report,
    )


def names_of(**cut: bool) -> list[str]:
    """Those that are cut, in the order given."""
    return [name for name, is_cut in cut.items() if is_cut]


def clean_html(markup: str) -> tuple[str | None, bool]:
    """HTML made safe to show (None: there is none), and whether TEXT_LIMIT leaves it whole."""
    if not markup:
        return None, True
    cleaned, whole = html.cleaned(markup)
    return cleaned[:TEXT_LIMIT], whole and len(cleaned) <= TEXT_LIMIT


def people(boxes: tuple[Mailbox, ...]) -> list[dict[str, str]]:
    """Mailboxes as they are stored, as many as are kept."""
    return conversations.stored_people(boxes[:PEOPLE_LIMIT])


def attachments(found: tuple[Attachment, ...]) -> list[dict[str, Any]]:
    """Attachments as they are stored, as many as are kept, each with an id of its own."""
    return conversations.stored_attachments(found[:ATTACHMENT_LIMIT])


def report_of(report: Report | None) -> dict[str, Any] | None:
    """A report as it is stored."""
    if report is None:
        return None
    return {
        "type": report.kind,
        "recipients": [
            {
                "address": one.address,
                "action": one.action,
                "status": one.status,
                "diagnostic": one.diagnostic,
            }
            for one in report.recipients
        ],
        "original_message_id": report.original_message_id,
    }


def _moment(at: datetime | None) -> str | None:
    """A moment within JSON, written as the API writes all of them (RFC 3339, UTC)."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def attribution_of(decision: Attribution) -> dict[str, Any]:
    """An attribution as it is stored and given out."""
    original = decision.original
    return {
        "class": decision.arrival,
        "method": decision.method,
        "forwarder": decision.forwarder,
        "trust": decision.trust,
        "unresolved": decision.unresolved,
        "candidates": [
            {
                "method": one.method,
                "name": one.name,
                "address": one.address,
                "accepted": one.accepted,
                "reason": one.reason,
            }
            for one in decision.candidates
        ],
        "original": None
        if original is None
        else {
            "author": {"name": original.author.name, "address": original.author.address},
            "to": people(original.to),
            "cc": people(original.cc),
            "subject": original.subject,
            "sent_at": _moment(original.sent_at),
            "text": original.text[:TEXT_LIMIT],
        },
    }


def authentication(found: Authentication | None) -> dict[str, str | None]:
    """The results of authentication as they are stored; nothing when none was computed."""
    if found is None:
        return {}
    return {"spf": found.spf, "dkim": found.dkim, "dmarc": found.dmarc, "arc": found.arc}


_DECIDING = [field.name for field in fields(Authentication)]


def proof(found: Authentication | None) -> dict[str, Any] | None:
    """The same with all that decides, as the ledger keeps it for processing the mail again."""
    return {name: getattr(found, name) for name in _DECIDING} if found else None


def proof_of(kept: dict[str, Any] | None) -> Authentication | None:
    """What `proof` has kept."""
    if not kept:
        return None
    return Authentication(**{**kept, "sealers": tuple(kept.get("sealers", ()))})
