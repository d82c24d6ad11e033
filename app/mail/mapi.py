"""
The MAPI properties of a mail (MS-OXPROPS, MS-OXOMSG): who wrote it, to whom, about what, when.

Outlook names people of its own organization by X.500 addresses. Where no SMTP address stands
beside such a name, it stays a name: nothing is guessed.

Deliberately not here: how properties are stored (`tnef`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.mail.addresses import canonical, is_addr_spec
from app.mail.message import Mailbox

Value = str | int | datetime
Values = Mapping[int, Value]

CLASS, SUBJECT, PREFIX, NORMALIZED = 0x001A, 0x0037, 0x003D, 0x0E1D
SUBMITTED, DELIVERED, MESSAGE_ID, TRANSPORT_HEADERS = 0x0039, 0x0E06, 0x1035, 0x007D
DISPLAY_TO, DISPLAY_CC = 0x0E04, 0x0E03
SENDER_NAME, SENDER_TYPE, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1E, 0x0C1F, 0x5D01
AUTHOR_NAME, AUTHOR_TYPE, AUTHOR_ADDRESS, AUTHOR_SMTP = 0x0042, 0x0064, 0x0065, 0x5D02
_NAME, _TYPE, _ADDRESS, _SMTP, _KIND = 0x3001, 0x3002, 0x3003, 0x39FE, 0x0C15
_TO, _CC = 1, 2

OF_MAIL = frozenset(
    (
        *(CLASS, SUBJECT, PREFIX, NORMALIZED, SUBMITTED, DELIVERED, MESSAGE_ID),
        *(TRANSPORT_HEADERS, DISPLAY_TO, DISPLAY_CC),
        *(SENDER_NAME, SENDER_TYPE, SENDER_ADDRESS, SENDER_SMTP),
        *(AUTHOR_NAME, AUTHOR_TYPE, AUTHOR_ADDRESS, AUTHOR_SMTP),
    )
)
OF_RECIPIENT = frozenset((_NAME, _TYPE, _ADDRESS, _SMTP, _KIND))

# Objects of Outlook that are no mail, by the start of their class.
_NO_MAIL = (
    *("ipm.contact", "ipm.distlist", "ipm.appointment", "ipm.task", "ipm.activity"),
    *("ipm.stickynote", "ipm.post", "ipm.document"),
)
_START = datetime(1601, 1, 1, tzinfo=UTC)
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class Letter:
    """What the properties of a mail say about it; what they do not say is empty."""

    author: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    sent_at: datetime | None
    message_id: str  # without angle brackets
    headers: str  # the header block with which it came by SMTP; "" when it never did


def read_letter(values: Values, recipients: Sequence[Values]) -> Letter | None:
    """The mail of these properties; None for an object of Outlook that is no mail."""
    if _text(values, CLASS).lower().startswith(_NO_MAIL):
        return None
    subject = _text(values, SUBJECT) or _text(values, PREFIX) + _text(values, NORMALIZED)
    moments = (values.get(SUBMITTED), values.get(DELIVERED))
    return Letter(
        author=_author(values),
        to=_people(values, recipients, _TO, DISPLAY_TO),
        cc=_people(values, recipients, _CC, DISPLAY_CC),
        subject=" ".join(subject.split()),
        sent_at=next((one for one in moments if isinstance(one, datetime)), None),
        message_id="".join(_text(values, MESSAGE_ID).split()).strip("<>")[:998],
        headers=_text(values, TRANSPORT_HEADERS),
    )


def moment(filetime: int) -> datetime | None:
    """The moment of a FILETIME, in steps of 100 ns since 1601; None when there is no such year."""
    try:
        return _START + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None


def moment_of_fields(fields: Sequence[int]) -> datetime | None:
    """The moment of year, month, day, hour, minute, second, as old writers keep it."""
    year, month, day, hour, minute, second = fields[:6]
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _author(values: Values) -> Mailbox:
    """From is who is represented; the sender only where both are the same, or nobody else is."""
    author = _person(values, AUTHOR_NAME, AUTHOR_TYPE, AUTHOR_ADDRESS, AUTHOR_SMTP)
    sender = _person(values, SENDER_NAME, SENDER_TYPE, SENDER_ADDRESS, SENDER_SMTP)
    if author.address:
        return author
    named = author.name or _text(values, AUTHOR_ADDRESS)
    same = (
        author.name == sender.name
        and _text(values, AUTHOR_ADDRESS).lower() == _text(values, SENDER_ADDRESS).lower()
    )
    return author if named and not same else sender


def _people(
    values: Values, recipients: Sequence[Values], kind: int, shown: int
) -> tuple[Mailbox, ...]:
    found = tuple(
        _person(one, _NAME, _TYPE, _ADDRESS, _SMTP)
        for one in recipients
        if one.get(_KIND, _TO) == kind
    )
    if found:
        return found
    names = [one.strip(" '\"") for one in _text(values, shown).split(";")[:_MOST_NAMES]]
    return tuple(
        Mailbox("", name) if is_addr_spec(name) else Mailbox(name, "") for name in names if name
    )


def _person(values: Values, name: int, kind: int, address: int, smtp: int) -> Mailbox:
    plain = _text(values, address) if _text(values, kind).upper() in ("", "SMTP") else ""
    found = next((one for one in (_text(values, smtp), plain) if _is_reachable(one)), "")
    shown = " ".join(_text(values, name).split()).strip("'\"")
    if not found and _is_reachable(shown):
        return Mailbox("", shown)
    return Mailbox("" if canonical(shown) == canonical(found) else shown, found)


def _is_reachable(address: str) -> bool:
    """An SMTP address, and not an X.500 one in its disguise (IMCEAEX-…@)."""
    return is_addr_spec(address) and not address.lower().startswith("imceaex-")


def _text(values: Values, name: int) -> str:
    found = values.get(name)
    return found.strip(" \t\r\n\0") if isinstance(found, str) else ""
