"""The ledger: every delivery with its envelope and outcome, also the refused ones (D6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import channels, conversations
from app.domain.inbound.models import ADDRESS_LIMIT, ReceivedMail, address_key
from app.errors import NotFound

OUTCOMES = ("accepted", "duplicate", "quarantined", "failed", "refused")


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which deliveries; None: whichever."""

    outcome: str | None = None
    since: datetime | None = None
    sender: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A recipient that the door refused, with the SMTP reply as its reason."""

    recipient: str
    envelope_from: str
    remote_address: str
    helo: str
    tls: str
    size: int
    reason: str
    at: datetime


async def get_received(db: AsyncSession, account_id: str, received_id: str) -> ReceivedMail:
    """The delivery. Raises NotFound."""
    found = await db.get(ReceivedMail, (account_id, received_id))
    if found is None:
        raise NotFound("There is no such received mail.", "received_mail.not_found")
    await _look_where(db, account_id, [found])
    return found


async def list_received(
    db: AsyncSession, account_id: str, which: LedgerFilter, request: PageRequest
) -> Page[ReceivedMail]:
    """Deliveries, the newest first."""
    statement = select(ReceivedMail).where(ReceivedMail.account_id == account_id)
    if which.outcome is not None:
        statement = statement.where(ReceivedMail.outcome == which.outcome)
    if which.since is not None:
        statement = statement.where(ReceivedMail.received_at >= which.since)
    if which.sender is not None:
        statement = statement.where(ReceivedMail.sender_key == address_key(which.sender))
    if which.recipient is not None:
        statement = statement.where(ReceivedMail.recipient_key == address_key(which.recipient))
    page = await page_of(db, statement, [ReceivedMail.id], request, descending=True)
    await _look_where(db, account_id, page.items)
    return page


async def _look_where(db: AsyncSession, account_id: str, rows: Sequence[ReceivedMail]) -> None:
    """Messages move when people split and merge: the ledger shows where they stand now."""
    places = await conversations.places_of(
        db, account_id, {row.message_id for row in rows if row.message_id is not None}
    )
    for row in rows:
        if row.message_id in places:
            set_committed_value(row, "conversation_id", places[row.message_id])


async def list_everywhere(
    db: AsyncSession, *, outcome: str | None, limit: int
) -> Sequence[ReceivedMail]:
    """The newest deliveries of the whole installation; for the operator's command line."""
    statement = select(ReceivedMail).order_by(ReceivedMail.id.desc()).limit(limit)
    if outcome is not None:
        statement = statement.where(ReceivedMail.outcome == outcome)
    return (await db.execute(statement)).scalars().all()


async def note_refusals(db: AsyncSession, refused: Sequence[Refused]) -> None:
    """The refused recipients stand in the ledgers of the accounts whose domains they name."""
    owners = await channels.owners_of(db, {one.recipient for one in refused})
    rows = [
        {
            "account_id": owners[one.recipient].account_id,
            "id": ids.new("rcv"),
            "outcome": "refused",
            "reason": one.reason[:500],
            "envelope_from": one.envelope_from[:ADDRESS_LIMIT],
            "recipient": address_key(one.recipient),
            "sender_key": address_key(one.envelope_from),
            "recipient_key": address_key(one.recipient),
            "channel_id": owners[one.recipient].channel_id,
            "remote_address": one.remote_address[:64],
            "helo": one.helo[:255],
            "tls": one.tls[:20],
            "size": one.size,
            "mail_class": None,
            "message_id": None,
            "conversation_id": None,
            "raw_digest": None,
            "received_at": one.at,
        }
        for one in refused
        if one.recipient in owners
    ]
    if rows:
        await db.execute(insert(ReceivedMail.__table__), rows)  # type: ignore[arg-type]
