"""
Receiving: a group of mails that arrived together is kept and understood in one transaction.

The straight way works set-wise. Where one mail of the group breaks it, every mail is tried alone
under its own savepoint, and the one that cannot be understood is kept all the same, as `failed`.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Table, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import refusal_for
from app.domain import accounts, channels, events, raw_mail
from app.domain.channels import ChannelFacts
from app.domain.events import NewEvent
from app.domain.inbound.erased import note_erased
from app.domain.inbound.lists import hold_back
from app.domain.inbound.marks import NOTHING, Marks, accepting, marks_of
from app.domain.inbound.models import ADDRESS_LIMIT, QUARANTINED, ReceivedMail, address_key
from app.domain.inbound.reading import Reading, proof, read
from app.domain.inbound.understanding import Understood, apply, understand
from app.domain.sender_identity import Post
from app.mail.authentication import Authentication
from app.rows import insert_rows

log = structlog.get_logger()

LEDGER: Table = ReceivedMail.__table__  # type: ignore[assignment]
SAME_MAIL = "The same mail has come before."
_INSERT = insert(LEDGER)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail with its envelope as a door took it, and the reading made before the transaction."""

    raw: bytes
    digest: str
    in_store: bool  # the octets are in the blob store already; else they go into the row
    reverse_path: str
    recipients: tuple[str, ...]
    remote_address: str
    helo: str
    tls: str
    received_at: datetime
    reading: Reading | Exception
    authentication: Authentication | None = None  # None: nobody could compute it


@dataclass(slots=True)
class Delivery:
    """One arrival for one recipient, on its way to a row of the ledger."""

    id: str
    arrival: Arrival
    recipient: str
    facts: ChannelFacts
    outcome: str = "accepted"
    reason: str = ""
    mail_class: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    is_erased: bool = False  # it was erased: nothing of it is kept


def read_safely(raw: bytes, reverse_path: str) -> Reading | Exception:
    """The reading, or the fault that made it impossible: a fault never loses the mail (D2)."""
    try:
        return read(raw, reverse_path)
    except Exception as fault:  # whatever it is, the mail is kept
        log.exception("mail_not_read")
        return fault


async def receive(
    db: AsyncSession, arrivals: Sequence[Arrival], now: datetime, post: Post | None = None
) -> list[list[str | None]]:
    """
    Every mail is kept for each of its recipients when this returns and the transaction commits.

    `post` reads the signed tokens of mail that comes back, and lets notices leave.
    Gives, for each arrival, one ledger id a recipient in their order; None where the address is
    no (longer) ours. Faults in understanding never escape; faults of the database do.
    """
    wanted = {recipient for arrival in arrivals for recipient in arrival.recipients}
    ours = await accepting(db, wanted, post.keys if post else None)
    await accounts.lock(db, sorted({facts.account_id for facts in ours.values()}))
    deliveries: list[Delivery] = []
    answers: list[list[str | None]] = []
    for arrival in arrivals:
        answer: list[str | None] = []
        for recipient in arrival.recipients:
            facts = ours.get(recipient)
            if facts is None:
                answer.append(None)
                continue
            delivery = Delivery(ids.new("rcv"), arrival, recipient, facts)
            deliveries.append(delivery)
            answer.append(delivery.id)
        answers.append(answer)
    if deliveries:
        new = await note_erased(db, deliveries, now, post)
        if new:
            await _keep_raw(db, new, now)
            await _process(db, new, now, post)
        await insert_rows(db, _INSERT, [_ledger_row(delivery) for delivery in deliveries])
    return answers


async def _keep_raw(db: AsyncSession, deliveries: Sequence[Delivery], now: datetime) -> None:
    in_store = {
        (one.facts.account_id, one.arrival.digest) for one in deliveries if one.arrival.in_store
    }
    lost = await raw_mail.among_doomed(db, in_store) if in_store else set()
    await raw_mail.doom(db, lost, now)  # their doors have put them into the store again
    rows = {
        key: {
            "account_id": delivery.facts.account_id,
            "digest": delivery.arrival.digest,
            "size": len(delivery.arrival.raw),
            "content": None if key in in_store - lost else delivery.arrival.raw,
            "created_at": now,
        }
        for delivery in deliveries
        for key in [(delivery.facts.account_id, delivery.arrival.digest)]
    }
    await raw_mail.keep_rows(db, list(rows.values()))


async def _process(
    db: AsyncSession, deliveries: Sequence[Delivery], now: datetime, post: Post | None
) -> None:
    readable = []
    for delivery in deliveries:
        if isinstance(delivery.arrival.reading, Exception):
            _fail(delivery, delivery.arrival.reading)
        else:
            readable.append(delivery)
    if not readable:
        return
    try:
        async with db.begin_nested():
            await _understand_together(db, readable, now, post)
        return
    except Exception as fault:  # one of them broke the group: find out which
        if is_database_away(fault):
            raise
        log.warning("group_broken", mails=len(readable), exc_info=fault)
    for delivery in readable:
        try:
            async with db.begin_nested():
                await _understand_together(db, [delivery], now, post)
        except Exception as fault:  # kept as failed, can be processed again
            if is_database_away(fault):
                raise
            _fail(delivery, fault)


def is_database_away(fault: Exception) -> bool:
    """Faults that are the database's and not the mail's: the whole group answers 451."""
    return isinstance(fault, SQLAlchemyError | OSError) and refusal_for(fault) is not None


def _marks_of(delivery: Delivery, reading: Reading, post: Post | None) -> Marks:
    if post is None:
        return NOTHING
    return marks_of(post.keys, delivery.facts.account_id, delivery.recipient, reading)


async def _understand_together(
    db: AsyncSession, deliveries: Sequence[Delivery], now: datetime, post: Post | None
) -> None:
    parcels = [
        Understood(
            delivery.facts,
            delivery.arrival.reading,
            delivery.arrival.reverse_path,
            delivery.arrival.digest,
            delivery.arrival.received_at,
            authentication=delivery.arrival.authentication,
            marks=_marks_of(delivery, delivery.arrival.reading, post),
        )
        for delivery in deliveries
        if isinstance(delivery.arrival.reading, Reading)
    ]
    await understand(db, parcels)
    await hold_back(db, parcels)
    passed = [parcel for parcel in parcels if not parcel.held]
    results, news = await apply(db, passed, now, post) if passed else ([], [])
    let_through = iter(results)
    # A request to confirm the forwarding is no proof that it works, nor is what is held back.
    proven = [parcel.facts for parcel in passed if parcel.confirmation is None]
    news += await channels.mail_arrived(db, proven, now)
    for delivery, parcel in zip(deliveries, parcels, strict=True):
        delivery.mail_class = parcel.mail_class
        if parcel.held:
            delivery.outcome, delivery.reason = QUARANTINED, parcel.held
            facts = delivery.facts
            news.append(
                quarantined(facts.account_id, delivery.id, facts.channel_id, delivery.reason)
            )
            continue
        result = next(let_through)
        delivery.outcome = "duplicate" if result.duplicate else "accepted"
        delivery.reason = parcel.reason if not result.duplicate else SAME_MAIL
        delivery.message_id = result.message_id
        delivery.conversation_id = result.conversation_id
    await events.record(db, news, now)


def quarantined(account_id: str, received_id: str, channel_id: str | None, reason: str) -> NewEvent:
    """The event of a mail that is held back."""
    facts = {"received_mail_id": received_id, "channel_id": channel_id, "reason": reason}
    return NewEvent(account_id, "mail.quarantined", facts)


def _fail(delivery: Delivery, fault: Exception) -> None:
    delivery.outcome = "failed"
    words = "".join(traceback.format_exception_only(fault))
    delivery.reason = words.replace("\x00", "").strip()[:500]
    delivery.mail_class = delivery.message_id = delivery.conversation_id = None
    log.error("mail_failed", received_mail=delivery.id, exc_info=fault)


def in_words(fault: Exception) -> str:
    """The reason of a failed mail, as the ledger keeps it."""
    return "".join(traceback.format_exception_only(fault)).strip()[:500]


def _ledger_row(delivery: Delivery) -> dict[str, Any]:
    arrival, is_kept = delivery.arrival, not delivery.is_erased
    return {
        "account_id": delivery.facts.account_id,
        "id": delivery.id,
        "outcome": delivery.outcome,
        "reason": delivery.reason,
        "envelope_from": arrival.reverse_path[:ADDRESS_LIMIT] if is_kept else "",
        "recipient": delivery.recipient[:ADDRESS_LIMIT],
        "sender_key": address_key(arrival.reverse_path) if is_kept else "",
        "recipient_key": address_key(delivery.recipient),
        "channel_id": delivery.facts.channel_id,
        "remote_address": arrival.remote_address[:64] if is_kept else "",
        "helo": arrival.helo[:255] if is_kept else "",
        "tls": arrival.tls[:20],
        "size": len(arrival.raw),
        "mail_class": delivery.mail_class,
        "message_id": delivery.message_id,
        "conversation_id": delivery.conversation_id,
        "raw_digest": arrival.digest if is_kept else None,
        "received_at": arrival.received_at,
        "authentication": proof(arrival.authentication) if is_kept else None,
        "released_at": None,
    }
