"""
Replaying: a kept mail is processed again, for real or only to see what would come out.

A failed mail becomes a message as if it had just arrived; a quarantined one, too, when what held it
back is gone, or when somebody releases it. A mail that has its message keeps its place and author;
what was read out of it (texts, attachments, class) is brought up to date.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, channels, conversations, events, raw_mail
from app.domain.conversations import Message
from app.domain.events import NewEvent
from app.domain.inbound.ledger import get_received
from app.domain.inbound.lists import hold_back
from app.domain.inbound.marks import NOTHING, marks_of
from app.domain.inbound.models import QUARANTINED, ReceivedMail
from app.domain.inbound.reading import proof_of
from app.domain.inbound.receiving import (
    SAME_MAIL,
    in_words,
    is_database_away,
    quarantined,
    read_safely,
)
from app.domain.inbound.understanding import Understood, apply, incoming_of, understand
from app.domain.sender_identity import Post
from app.errors import Conflict, NotFound, Refusal
from app.store import BlobStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did, or would do: the outcome and every field that differs."""

    received: ReceivedMail
    outcome: str
    reason: str
    changes: list[dict[str, Any]]


class _OnlyTried(Exception):
    """A dry run is done: leaving the savepoint with this undoes what it did."""

    def __init__(self, replayed: Replayed) -> None:
        self.replayed = replayed


async def replay(
    db: AsyncSession,
    store: BlobStore,
    account_id: str,
    received_id: str,
    *,
    dry_run: bool,
    now: datetime,
    post: Post | None = None,
) -> Replayed:
    """
    Process a kept mail again. With `dry_run` nothing is changed. Repeated, it changes nothing more.

    `post` reads our signed tokens in it, and lets leave what follows from it.

    A mail that still cannot be understood is `failed` as before, with the fault as the reason.
    Raises NotFound; Conflict for a refused delivery, of which nothing is kept, and for one whose
    channel is gone.
    """
    received = await get_received(db, account_id, received_id)
    try:
        async with db.begin_nested():
            done = await _again(db, store, received, dry_run=dry_run, now=now, post=post)
            if dry_run:
                raise _OnlyTried(done)
            return done
    except _OnlyTried as tried:
        return tried.replayed
    except Exception as fault:
        if isinstance(fault, Refusal) or is_database_away(fault):
            raise
        log.exception("mail_failed", received_mail=received_id)
        return Replayed(received, "failed", in_words(fault), [])


async def release(
    db: AsyncSession,
    store: BlobStore,
    account_id: str,
    received_id: str,
    *,
    now: datetime,
    post: Post | None = None,
) -> ReceivedMail:
    """
    A quarantined mail is processed as if nothing had held it back. Released before: as it is.

    Raises NotFound; Conflict when it is not quarantined, or is purged, or cannot be understood.
    """
    received = await get_received(db, account_id, received_id)
    if received.released_at is not None:
        return received
    if received.outcome != QUARANTINED:
        detail = f"This mail is not in quarantine: its outcome is {received.outcome}."
        raise Conflict(detail, "received_mail.not_quarantined")
    done = await _again(db, store, received, dry_run=False, now=now, post=post, is_released=True)
    if done.outcome == "failed":
        raise Conflict(f"It cannot be processed: {done.reason}", "received_mail.not_understood")
    received.released_at = now
    facts = {
        "received_mail_id": received.id,
        "channel_id": received.channel_id,
        "message_id": received.message_id,
        "conversation_id": received.conversation_id,
    }
    await events.record(db, [NewEvent(account_id, "mail.released", facts)], now)
    return received


async def _again(
    db: AsyncSession,
    store: BlobStore,
    received: ReceivedMail,
    *,
    dry_run: bool,
    now: datetime,
    post: Post | None,
    is_released: bool = False,
) -> Replayed:
    if received.raw_digest is None or received.channel_id is None:
        raise Conflict("Nothing is kept of this mail.", "received_mail.nothing_kept")
    raw = await raw_mail.raw_of(db, store, received.account_id, received.raw_digest)
    found = await asyncio.to_thread(read_safely, raw, received.envelope_from)
    if isinstance(found, Exception):
        return Replayed(received, "failed", in_words(found), [])
    parcel = Understood(
        await channels.facts_of(db, received.account_id, received.channel_id),
        found,
        received.envelope_from,
        received.raw_digest,
        received.received_at,
        authentication=proof_of(received.authentication),
        marks=marks_of(post.keys, received.account_id, received.recipient, found)
        if post
        else NOTHING,
    )
    await understand(db, [parcel])
    if received.message_id is None and not is_released:
        await hold_back(db, [parcel])
    return await _understand_again(
        db, received, parcel, None if dry_run else post, dry_run=dry_run, now=now
    )


async def _understand_again(
    db: AsyncSession,
    received: ReceivedMail,
    parcel: Understood,
    post: Post | None,
    *,
    dry_run: bool,
    now: datetime,
) -> Replayed:
    if received.message_id is None and parcel.held:
        return await _held(db, received, parcel, dry_run=dry_run, now=now)
    if received.message_id is None:
        return await _first_time(db, received, parcel, post, dry_run=dry_run, now=now)
    message = await conversations.get_message(db, received.account_id, received.message_id)
    changes = _differences(message, parcel)
    if not dry_run:
        for one in changes:
            setattr(message, one["field"], one["after"])
    return Replayed(received, received.outcome, received.reason, changes)


async def _held(
    db: AsyncSession, received: ReceivedMail, parcel: Understood, *, dry_run: bool, now: datetime
) -> Replayed:
    """It goes to quarantine, or stays there."""
    before = received.outcome
    changes = [{"field": "outcome", "before": before, "after": QUARANTINED}]
    if before == QUARANTINED:
        changes = []
    if not dry_run:
        received.outcome, received.reason = QUARANTINED, parcel.held
        received.mail_class = parcel.mail_class
        if changes:
            news = quarantined(received.account_id, received.id, received.channel_id, parcel.held)
            await events.record(db, [news], now)
    return Replayed(received, QUARANTINED, parcel.held, changes)


async def _first_time(
    db: AsyncSession,
    received: ReceivedMail,
    parcel: Understood,
    post: Post | None,
    *,
    dry_run: bool,
    now: datetime,
) -> Replayed:
    [result], news = await apply(db, [parcel], now, post)
    outcome = "duplicate" if result.duplicate else "accepted"
    reason = SAME_MAIL if result.duplicate else parcel.reason
    change = {"field": "outcome", "before": received.outcome, "after": outcome}
    if dry_run:
        return Replayed(received, outcome, reason, [change])
    await events.record(db, news, now)
    received.outcome, received.reason = outcome, reason
    received.mail_class = parcel.mail_class
    received.message_id = result.message_id
    received.conversation_id = result.conversation_id
    return Replayed(received, received.outcome, received.reason, [change])


def _differences(message: Message, parcel: Understood) -> list[dict[str, Any]]:
    """The fields that a new reading gives another value; places and authors are left alone."""
    mail = incoming_of(parcel)
    if message.kind == "message":
        conversations.show_forwarded(mail)
    now: dict[str, Any] = {name: getattr(mail, name) for name in _READ}
    now |= {"from_name": mail.sender.name, "from_address": mail.sender.address}
    if [_plain(a) for a in mail.attachments] != [_plain(a) for a in message.attachments]:
        now["attachments"] = mail.attachments
    return [
        {"field": name, "before": getattr(message, name), "after": value}
        for name, value in now.items()
        if getattr(message, name) != value
    ]


_READ = (
    "subject",
    "text",
    "html",
    "reply_text",
    "quoted_text",
    "truncated",
    "mail_class",
    "report",
    "to",
    "cc",
)


def _plain(attachment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attachment.items() if name != "id"}


async def replay_anywhere(
    db: AsyncSession,
    store: BlobStore,
    received_id: str,
    *,
    dry_run: bool,
    now: datetime,
    post: Post | None = None,
) -> Replayed:
    """`replay` for the operator, who need not know whose mail it is."""
    found = await db.execute(select(ReceivedMail.account_id).where(ReceivedMail.id == received_id))
    account_id = found.scalar_one_or_none()
    if account_id is None:
        raise NotFound("There is no such received mail.", "received_mail.not_found")
    await accounts.lock(db, [account_id])
    return await replay(db, store, account_id, received_id, dry_run=dry_run, now=now, post=post)
