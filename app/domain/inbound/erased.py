"""
Mail that was erased and is delivered again: acknowledged, noted in the ledger, kept nowhere.

So are reports on mail of ours that was erased; they name whom it was for. Only accounts that have
erased anything are asked about, once for a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import raw_mail
from app.domain.inbound.reading import Reading
from app.domain.raw_mail import Traces
from app.domain.sender_identity import Post
from app.mail import tokens

if TYPE_CHECKING:
    from app.domain.inbound.receiving import Delivery

ERASED = "erased"


async def note_erased(
    db: AsyncSession, deliveries: Sequence[Delivery], now: datetime, post: Post | None
) -> list[Delivery]:
    """
    Those deliveries whose mail was erased are marked so; gives the others.

    Without a `post` there is no secret to know them by. Under the accounts' locks.
    """
    asked = [one for one in deliveries if one.facts.has_erased]
    if not asked or post is None:
        return list(deliveries)
    traces = [_traces(one, post) for one in asked]
    known = await raw_mail.among_erased(db, post.secret, traces)
    erased = [one for one, is_erased in zip(asked, known, strict=True) if is_erased]
    for one in erased:
        one.is_erased, one.outcome, one.reason = True, "duplicate", ERASED
    litter = {(one.facts.account_id, one.arrival.digest) for one in erased if one.arrival.in_store}
    await raw_mail.doom(db, litter, now)
    return [one for one in deliveries if not one.is_erased]


def _traces(delivery: Delivery, post: Post) -> Traces:
    account_id, arrival = delivery.facts.account_id, delivery.arrival
    reading = arrival.reading
    if not isinstance(reading, Reading):
        return Traces(account_id, arrival.digest, "")
    report = reading.report
    return Traces(
        account_id,
        arrival.digest,
        reading.message_id,
        reading.mail.date,
        reading.text,
        [(one.filename, one.size) for one in reading.mail.attachments],
        tokens.read_message_id(post.keys, report.original_message_id) if report else None,
    )
