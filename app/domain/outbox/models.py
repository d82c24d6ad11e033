"""What leaves this machine, and who gets no mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Owned

IS_WAITING = text("state IN ('queued', 'deferred')")


class OutboxItem(Owned, Base):
    """
    One mail for one recipient, and its fate: `queued`, `deferred`, `sent`, `bounced`, `failed`,
    `canceled`.

    Claimed with a lease, tried again with back-off; it stays as the record of the delivery. Of a
    message in a conversation, `message_id` names it and `position` the recipient's place in the
    envelope, as the return path does (VERP).
    """

    __tablename__ = "outbox_items"
    __table_args__ = (
        Index(None, "account_id", "message_id", "position"),
        Index(
            "ix_outbox_items_due",
            "next_attempt_at",
            "id",
            sqlite_where=IS_WAITING,
            postgresql_where=IS_WAITING,
        ),
        Index(
            "ix_outbox_items_account_due",
            "account_id",
            "next_attempt_at",
            "id",
            sqlite_where=IS_WAITING,
            postgresql_where=IS_WAITING,
        ),
        Index(None, "account_id", "state", "id"),
    )

    kind: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[str | None] = mapped_column(Id)
    position: Mapped[int]
    sender: Mapped[str] = mapped_column(Text)  # the reverse-path; "" is the null one
    recipient: Mapped[str] = mapped_column(String(320))
    raw_digest: Mapped[str] = mapped_column(String(64))
    smtputf8: Mapped[bool]
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(Id)
    detail: Mapped[str] = mapped_column(Text)  # what the other side said last
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Suppression(Owned, Base):
    """An address that gets no mail of the account for a while, because it was found not to work."""

    __tablename__ = "suppressions"
    __table_args__ = (
        Index("uq_suppressions_account_id_address", "account_id", "address", unique=True),
    )

    address: Mapped[str] = mapped_column(String(320))  # canonical
    reason: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
