"""Under which name and address the team of a channel writes, and the keys that prove it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id


class SenderIdentity(Base):
    """The sender identity of one channel."""

    __tablename__ = "sender_identities"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
        Index(
            "uq_sender_identities_account_id_company_name_key",
            "account_id",
            "company_name_key",
            unique=True,
        ),
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Id, primary_key=True)
    name_style: Mapped[str] = mapped_column(String(20))
    company_name: Mapped[str] = mapped_column(String(100))
    # A digest of the form in which names are compared (`naming.key_of`); null once the channel is
    # deleted, because the name is free then.
    company_name_key: Mapped[str | None] = mapped_column(String(64))
    address_kind: Mapped[str] = mapped_column(String(10))
    custom_address: Mapped[str | None] = mapped_column(String(320))


class SigningKey(Base):
    """
    A DKIM key: of a hosted root (no account), or of a sending domain that an account connected.

    The private key is encrypted with the installation's secret (`mail.dkim.encrypt_key`).
    """

    __tablename__ = "signing_keys"
    __table_args__ = (Index(None, "account_id"),)

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)  # A-labels, lower case
    selector: Mapped[str] = mapped_column(String(63), primary_key=True)
    account_id: Mapped[str | None] = mapped_column(Id)
    algorithm: Mapped[str] = mapped_column(String(10))
    private_key: Mapped[str] = mapped_column(Text)
    public_record: Mapped[str] = mapped_column(Text)  # the TXT value that belongs to it
    is_active: Mapped[bool]  # signs; the others are published for rotation
    created_at: Mapped[datetime]
