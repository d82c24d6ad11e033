"""The ledger of deliveries, and the lists of senders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned
from app.mail.addresses import canonical

ADDRESS_LIMIT = 320  # 64 of local part, @, 255 of domain (RFC 5321 4.5.3.1)
QUARANTINED = "quarantined"
# A quarantined mail whose octets are still there.
HELD = "outcome = 'quarantined' AND raw_digest IS NOT NULL"


def address_key(address: str) -> str:
    """The form in which the ledger finds an address, however it was written."""
    return canonical(address)[:ADDRESS_LIMIT]


class ReceivedMail(Owned, Base):
    """One delivery to one recipient, also a refused one: what came, and what became of it."""

    __tablename__ = "received_mail"
    __table_args__ = (
        Index(None, "account_id", "outcome", "id"),
        Index(None, "account_id", "sender_key", "id"),
        Index(None, "account_id", "recipient_key", "id"),
        Index(None, "account_id", "message_id"),
        Index(None, "account_id", "raw_digest"),
        Index(
            "ix_received_mail_held",
            "received_at",
            sqlite_where=text(HELD),
            postgresql_where=text(HELD),
        ),
    )

    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    envelope_from: Mapped[str] = mapped_column(String(ADDRESS_LIMIT))
    recipient: Mapped[str] = mapped_column(String(ADDRESS_LIMIT))
    # The two addresses as they are looked for (`address_key`).
    sender_key: Mapped[str] = mapped_column(String(ADDRESS_LIMIT), server_default="")
    recipient_key: Mapped[str] = mapped_column(String(ADDRESS_LIMIT), server_default="")
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
    # What DKIM and DMARC said when it arrived; null where nobody could compute it.
    authentication: Mapped[dict[str, Any] | None] = mapped_column(Json)
    released_at: Mapped[datetime | None]  # out of quarantine


class ListedSender(Owned, Base):
    """An address or domain whose mail is always, or never, let through (F5)."""

    __tablename__ = "sender_lists"
    __table_args__ = (
        # The subject leads: mail asks for subjects, and one may be on both lists.
        Index(
            "uq_sender_lists_account_id_subject_kind",
            "account_id",
            "subject",
            "kind",
            unique=True,
        ),
    )

    kind: Mapped[str] = mapped_column(String(5))
    subject: Mapped[str] = mapped_column(String(320))  # canonical; a domain has no @
    created_at: Mapped[datetime]
