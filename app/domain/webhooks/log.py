"""The log of deliveries: reading it, sending again because somebody asked, and forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import events
from app.domain.webhooks.models import WAITING, Webhook, WebhookDelivery
from app.errors import Conflict, NotFound

TEST = "webhook.test"
FORGOTTEN = 1000  # deliveries that one transaction forgets


async def list_deliveries(
    db: AsyncSession, webhook: Webhook, request: PageRequest, *, state: str | None = None
) -> Page[WebhookDelivery]:
    """The deliveries of a webhook, the newest first; those of one state when it is given."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.account_id == webhook.account_id, WebhookDelivery.webhook_id == webhook.id
    )
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    return await page_of(db, statement, [WebhookDelivery.id], request, descending=True)


async def read_log(
    db: AsyncSession, account_id: str, after: str, until: datetime, limit: int
) -> Sequence[WebhookDelivery]:
    """Some of the account's deliveries behind this id, to be looked through."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.account_id == account_id,
        WebhookDelivery.id > after,
        WebhookDelivery.created_at <= until,
    )
    return (await db.execute(statement.order_by(WebhookDelivery.id).limit(limit))).scalars().all()


async def get_delivery(db: AsyncSession, webhook: Webhook, delivery_id: str) -> WebhookDelivery:
    """The delivery of this webhook. Raises NotFound."""
    found = await db.get(WebhookDelivery, (webhook.account_id, delivery_id))
    if found is None or found.webhook_id != webhook.id:
        raise NotFound("There is no such delivery.", "webhooks.delivery_not_found")
    return found


def payload_of(delivery: WebhookDelivery, event: events.Event | None) -> dict[str, Any] | None:
    """What is sent; None when its event is no longer kept."""
    if delivery.sequence is None:
        data: dict[str, Any] = {"webhook_id": delivery.webhook_id}
        return _payload(delivery.event_id, TEST, 0, delivery.created_at, data)
    if event is None:
        return None
    return _payload(event.id, event.type, event.sequence, event.created_at, event.data)


def _payload(
    event_id: str, event_type: str, sequence: int, created_at: datetime, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": event_type,
        "sequence": sequence,
        "created_at": created_at.isoformat().replace("+00:00", "Z"),
        "data": data,
    }


async def send_test(db: AsyncSession, webhook: Webhook, *, now: datetime) -> WebhookDelivery:
    """A `webhook.test`, which is no event of the log, is to be sent. Conflict when disabled."""
    _check_enabled(webhook)
    delivery = WebhookDelivery(
        account_id=webhook.account_id,
        id=ids.new("whd"),
        webhook_id=webhook.id,
        event_id=ids.new("evt"),
        event_type=TEST,
        sequence=None,
        url=webhook.url,
        state=WAITING,
        attempts=[],
        tries=0,
        next_attempt_at=now,
        created_at=now,
    )
    db.add(delivery)
    _at_once(db, webhook, now)
    await db.flush()
    return delivery


async def retry(
    db: AsyncSession, webhook: Webhook, delivery_id: str, *, now: datetime
) -> WebhookDelivery:
    """The delivery is to be sent once more, whatever came of it. Conflict when disabled."""
    _check_enabled(webhook)
    delivery = await get_delivery(db, webhook, delivery_id)
    delivery.state, delivery.next_attempt_at, delivery.tries = WAITING, now, 0
    _at_once(db, webhook, now)
    await db.flush()
    return delivery


async def replay(
    db: AsyncSession, webhook: Webhook, *, after: int, until: int | None, now: datetime
) -> None:
    """
    The events behind `after`, up to `until` (none: up to where the webhook stands), are sent again,
    those that it wants. A replay that is under way is replaced.

    Raises Conflict when it is disabled or events behind `after` are no longer kept.
    """
    _check_enabled(webhook)
    await events.list_events(db, webhook.account_id, after=after, limit=1)
    end = webhook.place if until is None else min(until, webhook.place)
    if after < end:
        webhook.replay_place, webhook.replay_until = after, end
    _at_once(db, webhook, now)
    await db.flush()


def _check_enabled(webhook: Webhook) -> None:
    if webhook.disabled_at is not None:
        raise Conflict(
            "The webhook is disabled; switch it on first (PATCH, disabled: false).",
            "webhooks.disabled",
        )


def _at_once(db: AsyncSession, webhook: Webhook, now: datetime) -> None:
    events.wake(db, [webhook.account_id])
    webhook.retry_at, webhook.paused_until = now, None


async def accounts_with_older(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts that have deliveries from before this moment."""
    statement = (
        select(WebhookDelivery.account_id)
        .where(WebhookDelivery.created_at < before)
        .distinct()
        .limit(limit)
    )
    return (await db.execute(statement)).scalars().all()


async def forget_older(db: AsyncSession, account_id: str, before: datetime) -> int:
    """
    Deliveries from before this moment are gone, a piece of them; how many it were.

    The caller holds the account's lock.
    """
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.account_id == account_id, WebhookDelivery.created_at < before)
        .limit(FORGOTTEN)
    )
    gone = (await db.execute(old)).scalars().all()
    if gone:
        await db.execute(
            delete(WebhookDelivery).where(
                WebhookDelivery.account_id == account_id, WebhookDelivery.id.in_(gone)
            )
        )
    return len(gone)
