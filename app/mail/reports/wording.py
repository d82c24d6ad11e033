"""
How programs that deliver mail word their notices: the signs of their authors, of their subjects,
and of the sentences in which they say that a mail failed, or waits.

Deliberately not here: the phrases (`phrases`).
"""

from __future__ import annotations

import re

from app.mail.reports.phrases import (
    DELAY_PHRASES,
    DIALECTS,
    FAILURE_PHRASES,
    FAILURE_SUBJECTS,
    FINAL_PHRASES,
)

# The left side of an address that only mail systems write from, and of one that they write from
# too (enough for a mail that is worded like a notice).
_POSTMASTER = "postmaster"
_MAIL_SYSTEM = re.compile(
    r"(?:mailer[-_. ]?daemon|mail[-_.]?daemon|mdaemon|double-bounce"
    r"|microsoftexchange[0-9a-f]{8,40})$",
    re.IGNORECASE,
)
DAEMON = re.compile(
    r"(?:mail(?:er)?[-_. ]?daemon|mail(?:er)?[-_. ]?d(?:a?e|ea)mon|mdaemon|post?_?master"
    r"|poostmaster|mail[-_.]?delivery(?:[-_.](?:sub)?system)?|mailsystem|mail[-_.]system|double-bounce"
    r"|microsoftexchange[0-9a-f]{8,40}|e500_smtp_mail_service|imss|mmdf|uucp|majordomo-errors"
    r"|system[-_. ]administrator|\"system administrator\"|bounces?|mail-?robot|auto-?reply-?bounce)"
    r"(?:[-+=.\\].{0,200})?$",
    re.IGNORECASE,
)
DAEMON_NAME = re.compile(
    r"mail(?:er)?[- ]?daemon|mail deliver(?:y)? (?:sub)?system|delivery subsystem|postmaster"
    r"|system administrator|mail administrator|mail system$|internet mail delivery|interscan"
    r"|mail delivery service|mail server$|自動送信|メール配送",
    re.IGNORECASE,
)

_ANSWERS = ("re:", "aw:", "sv:", "vs:", "antw:", "odp:", "fwd:", "fw:", "wg:", "tr:", "rv:", "回复")
_TAG = re.compile(r"(?:\[[^\]]{1,60}\]\s{0,3}|\*{1,10}\s{0,3}){1,3}")


def squeezed(text: str) -> str:
    """A text as the tables here are written: lower case, single spaces, plain apostrophes."""
    return " ".join(text.lower().replace("’", "'").split())


def is_failure_subject(subject: str, anywhere: bool = False) -> bool:
    """Whether a subject opens like a delivery notice, or `anywhere` in it does."""
    lowered = squeezed(subject[:400])
    if anywhere and any(phrase in lowered for phrase in FAILURE_SUBJECTS):
        return True
    if match := _TAG.match(lowered):
        lowered = lowered[match.end() :]
    return lowered.startswith(FAILURE_SUBJECTS)


def is_answer_subject(subject: str) -> bool:
    """Whether a subject opens as mail programs of people make it for answers and forwards."""
    return subject[:10].lower().lstrip().startswith(_ANSWERS)


def is_mail_system(address: str, name: str) -> bool:
    """
    Whether nobody but a mail system is the author, whatever the mail says.

    A postmaster is a person (RFC 5321, 4.5.1) unless the name says that a program writes.
    """
    if not address:
        return bool(DAEMON_NAME.search(name[:256]))
    local = address.rpartition("@")[0][:256] or address[:256]
    if local.lower() == _POSTMASTER:
        return bool(DAEMON_NAME.search(name[:256].lower().replace(_POSTMASTER, "")))
    return bool(_MAIL_SYSTEM.match(local))


def is_daemon(address: str, name: str) -> bool:
    """Whether mail systems write from such an address or under such a name."""
    local = address.rpartition("@")[0] or address
    return bool(DAEMON.match(local[:256]) or (name and DAEMON_NAME.search(name[:256])))


def tells_failure(notice: str) -> bool:
    """Whether a notice (as `squeezed` gives it) says that a mail failed or waits."""
    return any(phrase in notice for phrase in FAILURE_PHRASES) or tells_delay(notice)


def tells_delay(notice: str) -> bool:
    """Whether a notice (as `squeezed` gives it) says that the mail goes on being tried."""
    delayed = any(phrase in notice for phrase in DELAY_PHRASES)
    return delayed and not any(phrase in notice for phrase in FINAL_PHRASES)


def dialect_of(notice: str) -> str:
    """The program that words its notices like this; `""` when no formula of one is in it."""
    return next((name for name, phrase in DIALECTS if phrase in notice), "")
