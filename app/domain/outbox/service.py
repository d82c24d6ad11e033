"""Putting mail into the outbox, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import chunks
from app.domain.outbox.models import OutboxItem

QUEUED = "queued"
DEFERRED = "deferred"
SENT = "sent"
BOUNCED = "bounced"
FAILED = "failed"
CANCELED = "canceled"
_NOTED = "outbox.has_put"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail, whose octets are kept, for one recipient. See OutboxItem for the fields."""

    account_id: str
    kind: str
    sender: str
    recipient: str
    raw_digest: str
    message_id: str | None = None
    position: int = 0
    smtputf8: bool = False


async def put(db: AsyncSession, envelopes: Sequence[Envelope], now: datetime) -> None:
    """The mails leave some time after the transaction has committed (at least once)."""
    rows = [
        {
            "account_id": one.account_id,
            "id": ids.new("out"),
            "kind": one.kind,
            "message_id": one.message_id,
            "position": one.position,
            "sender": one.sender,
            "recipient": one.recipient,
            "raw_digest": one.raw_digest,
            "smtputf8": one.smtputf8,
            "state": QUEUED,
            "attempts": 0,
            "next_attempt_at": now,
            "claimed_until": None,
            "claimed_by": None,
            "detail": "",
            "created_at": now,
            "sent_at": None,
        }
        for one in envelopes
    ]
    if rows:
        await db.execute(insert(OutboxItem.__table__), rows)  # type: ignore[arg-type]
        note_waiting(db)


def note_waiting(db: AsyncSession) -> None:
    """Whoever sends is to look as soon as the transaction has committed."""
    db.info[_NOTED] = True


def has_put(info: Mapping[Any, Any]) -> bool:
    """Did a transaction with this `db.info` put anything that is to leave at once?"""
    return _NOTED in info


async def deliveries_of(
    db: AsyncSession, account_id: str, message_ids: Collection[str]
) -> dict[str, list[OutboxItem]]:
    """The deliveries of these messages, in the order of their recipients."""
    found: dict[str, list[OutboxItem]] = {}
    for some in chunks(sorted(message_ids)):
        statement = (
            select(OutboxItem)
            .where(OutboxItem.account_id == account_id, OutboxItem.message_id.in_(some))
            .order_by(OutboxItem.message_id, OutboxItem.position)
        )
        for item in (await db.execute(statement)).scalars():
            found.setdefault(item.message_id or "", []).append(item)
    return found
