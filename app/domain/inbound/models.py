"""The ledger of deliveries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Owned


class ReceivedMail(Owned, Base):
    """One delivery to one recipient, also a refused one: what came, and what became of it."""

    __tablename__ = "received_mail"
    __table_args__ = (
        Index(None, "account_id", "outcome", "id"),
        Index(None, "account_id", "envelope_from", "id"),
        Index(None, "account_id", "message_id"),
    )

    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    envelope_from: Mapped[str] = mapped_column(String(320))
    recipient: Mapped[str] = mapped_column(String(320))
    channel_id: Mapped[str | None] = mapped_column(Id)
    remote_address: Mapped[str] = mapped_column(String(64))
    helo: Mapped[str] = mapped_column(String(255))
    tls: Mapped[str] = mapped_column(String(20))
    size: Mapped[int]
    mail_class: Mapped[str | None] = mapped_column(String(20))
    message_id: Mapped[str | None] = mapped_column(Id)
    conversation_id: Mapped[str | None] = mapped_column(Id)
    raw_digest: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime]
