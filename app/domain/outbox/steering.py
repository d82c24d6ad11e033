"""What people do to mail that waits or has failed: look at it, send it again, call it off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Page, PageRequest, page_of
from app.domain import events
from app.domain.events import NewEvent
from app.domain.outbox.claiming import WAITING
from app.domain.outbox.models import OutboxItem
from app.domain.outbox.results import shown
from app.domain.outbox.service import (
    BOUNCED,
    CANCELED,
    DEFERRED,
    FAILED,
    QUEUED,
    deliveries_of,
    note_waiting,
)
from app.errors import Conflict, FieldError, Invalid
from app.mail.addresses import canonical

_RETRYABLE = (DEFERRED, FAILED, BOUNCED, CANCELED)


async def list_items(
    db: AsyncSession, account_id: str, states: Collection[str], request: PageRequest
) -> Page[OutboxItem]:
    """The account's outgoing mail in these states (none given: in any), the newest first."""
    statement = select(OutboxItem).where(OutboxItem.account_id == account_id)
    if states:
        statement = statement.where(OutboxItem.state.in_(states))
    return await page_of(db, statement, [OutboxItem.id], request, descending=True)


async def retry(
    db: AsyncSession,
    account_id: str,
    message_id: str,
    recipients: Sequence[str] | None,
    now: datetime,
) -> list[OutboxItem]:
    """
    What has failed, bounced, was canceled or waits for its next try is tried now, as if anew.

    All recipients, or only those named. The octets and the Message-ID stay the same. Gives all
    deliveries of the message. Raises Conflict (`outbox.nothing_to_retry`), Invalid.
    """
    items = await _deliveries(db, account_id, message_id, recipients)
    again = [
        item
        for item in items
        if item.state in _RETRYABLE and item.recipient and not _is_held(item, now)
    ]
    if not again:
        raise Conflict("There is nothing to send again.", "outbox.nothing_to_retry")
    for item in again:
        item.state, item.attempts, item.next_attempt_at = QUEUED, 0, now
        item.claimed_by, item.claimed_until = None, None
    await _changed(db, again, now)
    note_waiting(db)
    return await _deliveries(db, account_id, message_id, None)


async def cancel(
    db: AsyncSession,
    account_id: str,
    message_id: str,
    recipients: Sequence[str] | None,
    now: datetime,
) -> list[OutboxItem]:
    """
    What waits is not sent: all recipients, or only those named.

    What is being handed over at this moment cannot be called back. Gives all deliveries of the
    message. Raises Conflict (`outbox.nothing_to_cancel`), Invalid.
    """
    items = await _deliveries(db, account_id, message_id, recipients)
    off = [item for item in items if item.state in WAITING and not _is_held(item, now)]
    if not off:
        raise Conflict(
            "Nothing waits any more: it was sent, has failed, or is on its way just now.",
            "outbox.nothing_to_cancel",
        )
    for item in off:
        item.state = CANCELED
    await _changed(db, off, now)
    return await _deliveries(db, account_id, message_id, None)


def _is_held(item: OutboxItem, now: datetime) -> bool:
    return item.claimed_until is not None and item.claimed_until > now


async def _deliveries(
    db: AsyncSession, account_id: str, message_id: str, recipients: Sequence[str] | None
) -> list[OutboxItem]:
    items = (await deliveries_of(db, account_id, [message_id])).get(message_id, [])
    if recipients is None:
        return items
    known = {canonical(item.recipient) for item in items}
    unknown = tuple(
        FieldError(f"/recipients/{place}", "The message has no such recipient.")
        for place, address in enumerate(recipients)
        if canonical(address) not in known
    )
    if unknown:
        raise Invalid(
            "Not all of these are recipients of the message.",
            "outbox.no_such_recipient",
            unknown,
        )
    wanted = {canonical(address) for address in recipients}
    return [item for item in items if canonical(item.recipient) in wanted]


async def _changed(db: AsyncSession, items: Sequence[OutboxItem], now: datetime) -> None:
    await db.flush()
    news = []
    for item in items:
        told = shown(item)
        facts = {
            "message_id": item.message_id,
            "recipient": told.recipient,
            "state": told.state,
            "detail": told.detail,
        }
        news.append(NewEvent(item.account_id, "message.delivery_changed", facts))
    await events.record(db, news, now)
