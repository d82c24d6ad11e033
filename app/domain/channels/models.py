"""Channels, and every address that was ever connected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned

DRAFT = "draft"
CONNECTED = "connected"
LIVE = "live"
RETIRED = "retired"
FURTHER = "CAST(other_team_addresses AS TEXT) <> '[]' AND deleted_at IS NULL"


class Channel(Owned, Base):
    """A team address whose mail is forwarded to us."""

    __tablename__ = "channels"
    __table_args__ = (
        Index(None, "account_id", "state", "id"),
        # Of the few channels that have a team address, mostly one; the deleted ones count no more.
        Index(
            "ix_channels_account_id_team_address_key",
            "account_id",
            "team_address_key",
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        # Few channels have further addresses; for accounts without any, nothing is read.
        Index(
            "ix_channels_account_id_further",
            "account_id",
            sqlite_where=text(FURTHER),
            postgresql_where=text(FURTHER),
        ),
    )

    state: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(10))
    team_address: Mapped[str | None] = mapped_column(String(320))
    team_address_key: Mapped[str | None] = mapped_column(String(320))  # canonical
    other_team_addresses: Mapped[list[str]] = mapped_column(Json)
    gateways: Mapped[list[str]] = mapped_column(Json)
    # Of a draft: proposed or chosen. The hosted domain is added when the address is shown.
    local_part: Mapped[str] = mapped_column(String(64))
    local_part_chosen: Mapped[bool]
    forwarding_address: Mapped[str | None] = mapped_column(String(320))  # frozen by connecting
    signature: Mapped[str] = mapped_column(Text)
    reopen_window_days: Mapped[int | None]
    forwarding_status: Mapped[str] = mapped_column(String(10))
    last_received_at: Mapped[datetime | None]
    # {"provider", "code", "url", "received_at"}: what the provider wants to have confirmed.
    confirmation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    connected_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class HostedAddress(Base):
    """
    An address that a channel has, or had: what RCPT looks up.

    The rows of deleted channels stay for ever, so that nobody else is given the address. The key
    leads with the address and not with the account, because the envelope names no account.
    """

    __tablename__ = "hosted_addresses"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
        Index(None, "domain"),
        Index(None, "account_id", "channel_id"),
    )

    address: Mapped[str] = mapped_column(String(320), primary_key=True)  # canonical
    domain: Mapped[str] = mapped_column(String(255))
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id"))
    channel_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class ForwardingTest(Owned, Base):
    """A mail that was sent to the team address to see whether it is forwarded to the channel."""

    __tablename__ = "forwarding_tests"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
        Index(None, "account_id", "channel_id", "id"),
        Index(None, "state", "started_at"),
    )

    channel_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))  # waiting, passed, failed
    sent_from: Mapped[str] = mapped_column(String(320))
    sent_to: Mapped[str] = mapped_column(String(320))
    finding: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
