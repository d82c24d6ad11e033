"""
The cheap signs that a mail may be a report; without one of them nothing of its body is read.

Deliberately not here: what the report says.
"""

from __future__ import annotations

from enum import Enum

from app.mail.message import Mail
from app.mail.reports.feedback import HOTMAIL_AUTHORS
from app.mail.reports.notifications import AUTHOR
from app.mail.reports.wording import is_daemon, is_failure_subject


class Sign(Enum):
    """Why a mail may be a report, the strongest reason first."""

    REPORT = "multipart/report"
    FAILED = "X-Failed-Recipients"
    SERVICE = "the author is a service that reports"
    DAEMON = "the author is a mail system"
    NULL = "null reverse-path"
    SUBJECT = "the subject opens like a delivery notice"


_STATUS_TYPES = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
    }
)


def sign_of(mail: Mail, reverse_path: str) -> Sign | None:
    """The strongest sign that a mail may be a report; None for nearly all mail."""
    kind = mail.root.content_type
    if kind == "multipart/report" or kind in _STATUS_TYPES:
        return Sign.REPORT
    if "x-failed-recipients" in mail.headers:
        return Sign.FAILED
    author, name = mail.sender.address, mail.sender.name
    if author.lower() in HOTMAIL_AUTHORS or author.lower() == AUTHOR:
        return Sign.SERVICE
    if is_daemon(author, name) or (not author and not name and "from" in mail.headers):
        return Sign.DAEMON
    if reverse_path.strip() in {"", "<>"}:
        return Sign.NULL
    return Sign.SUBJECT if is_failure_subject(mail.subject) else None
