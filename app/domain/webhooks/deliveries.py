"""
Whose turn it is, what is to be sent, and what came of it: the worker's side of a webhook.

A webhook is the unit: one process at a time holds it, under a lease. What happened is written down
after the sending, so that what a crash interrupts is sent again: at least once, with the same id.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.domain import events
from app.domain.events import NewEvent
from app.domain.webhooks.log import payload_of
from app.domain.webhooks.models import DELIVERED, FAILED, WAITING, Webhook, WebhookDelivery

LEASE = timedelta(seconds=60)
DISABLED_AFTER = timedelta(days=5)
LONGEST_PAUSE = 300.0  # seconds between two probes of an endpoint that does not answer
JITTER = 0.2  # of a wait, on top of it
KEPT_ATTEMPTS = 20
PIECE = 20  # deliveries of one turn
PASSED_OVER = 500  # events that one turn looks at
NOT_KEPT = "The event is no longer kept."
GONE = 410  # an endpoint's own word that it wants nothing more


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one request: a status with the beginning of the body, or an error."""

    at: datetime
    status: int | None
    body: str
    error: str
    milliseconds: int

    @property
    def well(self) -> bool:
        """Was it taken?"""
        return self.status is not None and 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "status": self.status,
            "body": self.body,
            "error": self.error,
            "milliseconds": self.milliseconds,
        }


@dataclass(slots=True)
class Parcel:
    """One delivery of a turn; `kind` says which place moves on behind it."""

    delivery: WebhookDelivery
    payload: dict[str, Any] | None
    kind: str  # waiting | replay | news
    is_new: bool


@dataclass(slots=True)
class Turn:
    """What a webhook is to be sent now, in this order, and how far its places come behind it."""

    webhook: Webhook
    parcels: Sequence[Parcel]
    place: int
    replay_place: int | None


async def due(
    db: AsyncSession, now: datetime, limit: int, *, of_one: int = PIECE
) -> Sequence[tuple[str, str]]:
    """
    Account and id of webhooks that have something to be sent and that nobody holds.

    Of an account at most `of_one`, and accounts by turns, so that one whose endpoints hang does
    not hold up the others; endpoints that fail come behind those that answer.
    """
    of_account = events.EventSequence.account_id == Webhook.account_id
    behind = select(events.EventSequence.last).where(of_account).scalar_subquery()
    failing = Webhook.failing_since.is_not(None).label("failing")
    turn = func.row_number().over(partition_by=Webhook.account_id, order_by=[failing, Webhook.id])
    found = (
        select(Webhook.account_id, Webhook.id, failing, turn.label("turn"))
        .where(
            Webhook.disabled_at.is_(None),
            or_(Webhook.claimed_until.is_(None), Webhook.claimed_until < now),
            or_(Webhook.paused_until.is_(None), Webhook.paused_until <= now),
            or_(
                Webhook.place < behind,
                Webhook.retry_at <= now,
                Webhook.replay_place.is_not(None),
            ),
        )
        .subquery()
    )
    statement = (
        select(found.c.account_id, found.c.id)
        .where(found.c.turn <= of_one)
        .order_by(found.c.turn, found.c.failing, found.c.account_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await db.execute(statement)]


async def claim(
    db: AsyncSession, account_id: str, webhook_id: str, *, by: str, now: datetime
) -> Turn | None:
    """Hold the webhook and say what it is to be sent; None when somebody was quicker."""
    held = await db.execute(
        update(Webhook)
        .where(
            Webhook.account_id == account_id,
            Webhook.id == webhook_id,
            Webhook.disabled_at.is_(None),
            or_(
                Webhook.claimed_until.is_(None),
                Webhook.claimed_until < now,
                Webhook.claimed_by == by,
            ),
        )
        .values(claimed_until=now + LEASE, claimed_by=by)
        .returning(Webhook.id)
    )
    if held.first() is None:
        return None
    webhook = await db.get(Webhook, (account_id, webhook_id), populate_existing=True)
    assert webhook is not None
    return await _turn(db, webhook, now)


async def _turn(db: AsyncSession, webhook: Webhook, now: datetime) -> Turn:
    """First what waits for another try, then a replay, then the news."""
    found = await db.execute(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.account_id == webhook.account_id,
            WebhookDelivery.webhook_id == webhook.id,
            WebhookDelivery.next_attempt_at <= now,
        )
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(PIECE)
    )
    waiting = found.scalars().all()
    numbers = [one.sequence for one in waiting if one.sequence is not None]
    kept = await events.get_many(db, webhook.account_id, numbers)
    parcels = [
        Parcel(one, payload_of(one, kept.get(one.sequence or 0)), "waiting", is_new=False)
        for one in waiting
    ]
    replay_place = webhook.replay_place
    if replay_place is not None:
        again, replay_place = await _next(
            db, webhook, replay_place, webhook.replay_until, "replay", PIECE - len(parcels), now
        )
        parcels += again
    news, place = await _next(db, webhook, webhook.place, None, "news", PIECE - len(parcels), now)
    return Turn(webhook, [*parcels, *news], place, replay_place)


async def _next(
    db: AsyncSession,
    webhook: Webhook,
    after: int,
    until: int | None,
    kind: str,
    room: int,
    now: datetime,
) -> tuple[list[Parcel], int]:
    """The next events that the webhook wants, and the place behind what was looked at."""
    if room <= 0:
        return [], after
    oldest = await events.list_events(db, webhook.account_id, limit=1)
    first = oldest.items[0].sequence if oldest.items else oldest.next_after + 1
    piece = await events.list_events(
        db, webhook.account_id, after=max(after, first - 1), until=until, limit=PASSED_OVER
    )
    parcels: list[Parcel] = []
    for event in piece.items:
        if len(parcels) == room:
            return parcels, event.sequence - 1
        if wants(webhook, event):
            delivery = _delivery(webhook, event, now)
            parcels.append(Parcel(delivery, payload_of(delivery, event), kind, is_new=True))
    return parcels, piece.next_after


def wants(webhook: Webhook, event: events.Event) -> bool:
    """Is the event of a type and of a channel that the webhook asked for?"""
    if not events.is_of(event.type, webhook.types):
        return False
    return webhook.channel_ids is None or event.data.get("channel_id") in webhook.channel_ids


def _delivery(webhook: Webhook, event: events.Event, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        account_id=webhook.account_id,
        id=ids.new("whd"),
        webhook_id=webhook.id,
        event_id=event.id,
        event_type=event.type,
        sequence=event.sequence,
        url=webhook.url,
        state=WAITING,
        attempts=[],
        tries=0,
        next_attempt_at=None,
        created_at=now,
    )


async def renew(
    db: AsyncSession, account_id: str, webhook_id: str, *, by: str, now: datetime
) -> bool:
    """Hold it for as long again; False when it is held no more."""
    held = await db.execute(
        update(Webhook)
        .where(Webhook.account_id == account_id, Webhook.id == webhook_id, Webhook.claimed_by == by)
        .values(claimed_until=now + LEASE)
        .returning(Webhook.id)
    )
    return held.first() is not None


async def record(
    db: AsyncSession,
    turn: Turn,
    attempts: Sequence[Attempt],
    *,
    by: str,
    waits: Sequence[float],
    now: datetime,
) -> bool:
    """
    Write down what came of the first parcels of a turn, and let go of the webhook.

    `attempts` are of the parcels in their order; the rest was not tried, and is in another turn.
    False: the webhook was deleted or taken over meanwhile, and nothing is written.
    """
    account_id, webhook_id = turn.webhook.account_id, turn.webhook.id
    if not await renew(db, account_id, webhook_id, by=by, now=now):
        return False
    webhook = await db.get(Webhook, (account_id, webhook_id), populate_existing=True)
    assert webhook is not None
    for parcel, attempt in zip(turn.parcels, attempts, strict=False):
        delivery = await _kept(db, parcel)
        if delivery is not None:
            _note(delivery, attempt, webhook.url, waits)
        _judge(webhook, attempt)
    _move(webhook, turn, len(attempts))
    await db.flush()
    await _release(db, webhook, now)
    await _disable_if_hopeless(db, webhook, attempts, now)
    return True


async def _kept(db: AsyncSession, parcel: Parcel) -> WebhookDelivery | None:
    """The row of a parcel in this transaction."""
    if parcel.is_new:
        db.add(parcel.delivery)
        return parcel.delivery
    key = (parcel.delivery.account_id, parcel.delivery.id)
    return await db.get(WebhookDelivery, key)


def _note(delivery: WebhookDelivery, attempt: Attempt, url: str, waits: Sequence[float]) -> None:
    delivery.attempts = [*delivery.attempts, attempt.as_json()][-KEPT_ATTEMPTS:]
    delivery.url, delivery.next_attempt_at = url, None
    if attempt.well:
        delivery.state = DELIVERED
    elif delivery.tries >= len(waits) or attempt.error == NOT_KEPT:
        delivery.state = FAILED
    else:
        wait = waits[delivery.tries] * (1 + JITTER * random.random())  # noqa: S311 - no secret
        delivery.state = WAITING
        delivery.next_attempt_at = attempt.at + timedelta(seconds=wait)
    delivery.tries += 1


def _judge(webhook: Webhook, attempt: Attempt) -> None:
    """What an attempt says of the endpoint as a whole."""
    if attempt.error == NOT_KEPT:
        return
    if attempt.well:
        webhook.failures, webhook.failing_since, webhook.paused_until = 0, None, None
        return
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or attempt.at
    pause = min(LONGEST_PAUSE, 2.0 ** min(webhook.failures - 1, 10))
    pause *= 1 + JITTER * random.random()  # noqa: S311 - no secret
    webhook.paused_until = attempt.at + timedelta(seconds=pause)


def _move(webhook: Webhook, turn: Turn, tried: int) -> None:
    """The places move on: behind everything when all was tried, else behind what was tried."""
    done, left = turn.parcels[:tried], turn.parcels[tried:]

    def behind(kind: str, former: int, whole: int) -> int:
        if not any(one.kind == kind for one in left):
            return whole
        numbers = [one.delivery.sequence or 0 for one in done if one.kind == kind]
        return max([former, *numbers])

    webhook.place = max(webhook.place, behind("news", webhook.place, turn.place))
    former = turn.webhook.replay_place
    if former is not None and webhook.replay_place == former and turn.replay_place is not None:
        place = behind("replay", former, turn.replay_place)
        ended = webhook.replay_until is None or place >= webhook.replay_until
        webhook.replay_place = None if ended else place
        webhook.replay_until = None if ended else webhook.replay_until


async def _release(db: AsyncSession, webhook: Webhook, now: datetime) -> None:
    webhook.claimed_until = webhook.claimed_by = None
    webhook.retry_at = await db.scalar(
        select(func.min(WebhookDelivery.next_attempt_at)).where(
            WebhookDelivery.account_id == webhook.account_id,
            WebhookDelivery.webhook_id == webhook.id,
            WebhookDelivery.next_attempt_at.is_not(None),
        )
    )
    await db.flush()


async def _disable_if_hopeless(
    db: AsyncSession, webhook: Webhook, attempts: Sequence[Attempt], now: datetime
) -> None:
    since = webhook.failing_since
    if any(one.status == GONE for one in attempts):
        reason = "The endpoint answered 410 Gone."
    elif since is not None and now - since >= DISABLED_AFTER:
        reason = f"Nothing was taken for {DISABLED_AFTER.days} days."
    else:
        return
    webhook.disabled_at, webhook.disabled_reason = now, reason
    facts = {"webhook_id": webhook.id, "url": webhook.url, "reason": reason}
    await events.record(db, [NewEvent(webhook.account_id, "webhook.disabled", facts)], now)
