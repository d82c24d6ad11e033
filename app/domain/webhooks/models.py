"""Webhooks and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned

WAITING = "waiting"
DELIVERED = "delivered"
FAILED = "failed"


class Webhook(Owned, Base):
    """
    An endpoint, what it wants to hear, and its place in the event log.

    `place` is the number of the last event that was tried; a replay has a place and an end of its
    own. `retry_at` is when the next waiting delivery is due, `paused_until` how long an endpoint
    that has just failed is left alone, `failing_since` the first failure without a success after.
    """

    __tablename__ = "webhooks"

    url: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(Json)
    channel_ids: Mapped[list[str] | None] = mapped_column(Json)
    secret: Mapped[str] = mapped_column(Text)  # sealed
    former_secret: Mapped[str | None] = mapped_column(Text)
    former_secret_until: Mapped[datetime | None]
    place: Mapped[int] = mapped_column(BigInteger)
    replay_place: Mapped[int | None] = mapped_column(BigInteger)
    replay_until: Mapped[int | None] = mapped_column(BigInteger)
    failures: Mapped[int]  # in a row
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(Text)


class WebhookDelivery(Owned, Base):
    """
    An event that was sent to a webhook, or is to be sent again, with what was answered.

    The event itself stands in the log only, so that what is erased there is nowhere else.
    `attempts` are `{at, status, body, error, milliseconds}`, the last ones.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "webhook_id"],
            ["webhooks.account_id", "webhooks.id"],
            ondelete="CASCADE",
        ),
        Index(None, "account_id", "webhook_id", "id"),
        Index(None, "account_id", "webhook_id", "next_attempt_at"),
        Index(None, "created_at"),
    )

    webhook_id: Mapped[str] = mapped_column(Id)
    event_id: Mapped[str] = mapped_column(Id)
    event_type: Mapped[str] = mapped_column(String(60))
    sequence: Mapped[int | None] = mapped_column(BigInteger)  # None: a test, which is no event
    url: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    tries: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
