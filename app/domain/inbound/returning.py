"""
What bounces say of our own mail: the delivery that they are about is marked (F4).

Only a report that carries our signed token changes a state: the return path it came to, else the
Message-ID of the mail that it returns. Deliberately not here: reading reports (`app.mail.reports`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import outbox
from app.domain.inbound.marks import Marks
from app.mail.addresses import canonical
from app.mail.reports import Report
from app.mail.reports.values import ReportedRecipient

BOUNCE = "bounce"
_FAILED = ("failed", "")


@dataclass(frozen=True, slots=True)
class Returned:
    """A report that came for an account, with our signs in it."""

    account_id: str
    marks: Marks
    report: Report


@dataclass(frozen=True, slots=True)
class _Fate:
    """What a report says of one recipient."""

    status: str
    words: str
    permanent: bool


async def note_bounces(db: AsyncSession, reports: Sequence[Returned], now: datetime) -> None:
    """The deliveries that these reports are about are bounced; others are left as they are."""
    for one in reports:
        if one.report.kind != BOUNCE:
            continue
        if one.marks.returned is not None:
            message_id, position = one.marks.returned
            fate = _of_the_one(one.report)
            if fate is not None:
                await _bounced(db, one.account_id, message_id, position, fate, now)
        elif one.marks.reported is not None:
            await _by_address(db, one.account_id, one.marks.reported, one.report, now)


def _of_the_one(report: Report) -> _Fate | None:
    """The return path names one recipient: whatever address the report gives is his (3.6)."""
    if not report.recipients:
        return _Fate("", "", report.permanent is not False)
    for recipient in report.recipients:
        fate = _fate(recipient, report)
        if fate is not None:
            return fate
    return None


async def _by_address(
    db: AsyncSession, account_id: str, message_id: str, report: Report, now: datetime
) -> None:
    """By Message-ID alone only those recipients are meant whom the report names."""
    items = (await outbox.deliveries_of(db, account_id, [message_id])).get(message_id, [])
    positions = {canonical(item.recipient): item.position for item in items}
    for recipient in report.recipients:
        position, fate = positions.get(canonical(recipient.address)), _fate(recipient, report)
        if position is not None and fate is not None:
            await _bounced(db, account_id, message_id, position, fate, now)


def _fate(recipient: ReportedRecipient, report: Report) -> _Fate | None:
    """None: the mail is late, or arrived after all (RFC 3464 2.3.3)."""
    if recipient.action not in _FAILED:
        return None
    # "failed" is the last word, also after days of 4.4.7: nobody tries any more (RFC 3464 2.3.3).
    permanent = (
        recipient.action == "failed"
        or recipient.status.startswith("5")
        or (not recipient.status and report.permanent is not False)
    )
    return _Fate(recipient.status, recipient.diagnostic, permanent)


async def _bounced(
    db: AsyncSession, account_id: str, message_id: str, position: int, fate: _Fate, now: datetime
) -> None:
    await outbox.bounced(
        db,
        account_id,
        message_id,
        position,
        detail=fate.words or "The mail came back.",
        status=fate.status,
        permanent=fate.permanent,
        now=now,
    )
