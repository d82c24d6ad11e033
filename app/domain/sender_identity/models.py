"""Under which name and address the team of a channel writes, and the keys that prove it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned


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
    # The custom address that goes on being used while `custom_address` waits to be proved (C4).
    previous_address: Mapped[str | None] = mapped_column(String(320))
    # What was in force when it was settled last, null for the default address: a change is told.
    address_in_force: Mapped[str | None] = mapped_column(String(320))
    # DMARC policy of the custom address's domain, as it was found when it was set (C8).
    from_policy: Mapped[str | None] = mapped_column(String(10))


class SenderAddress(Owned, Base):
    """
    An address that the account may write from once it has proved that it reads its mail (C3).

    Code and link are digests; both are null when there is nothing to be proved with.
    """

    __tablename__ = "sender_addresses"
    __table_args__ = (
        Index(
            "uq_sender_addresses_account_id_address_key", "account_id", "address_key", unique=True
        ),
    )

    address: Mapped[str] = mapped_column(String(320))
    address_key: Mapped[str] = mapped_column(String(320))  # canonical
    state: Mapped[str] = mapped_column(String(10))
    code_digest: Mapped[str | None] = mapped_column(String(64))
    link_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    wrong_attempts: Mapped[int]  # at the present code
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]


class SentCode(Owned, Base):
    """A verification mail of the last day: the limits count it, also when its address is gone."""

    __tablename__ = "sent_codes"
    __table_args__ = (Index(None, "account_id", "sent_at"),)

    address_key: Mapped[str] = mapped_column(String(320))
    sent_at: Mapped[datetime]


class SendingDomain(Owned, Base):
    """A domain of the account's own that it connects, so that every address at it may be used."""

    __tablename__ = "sending_domains"
    __table_args__ = (
        Index("uq_sending_domains_account_id_domain", "account_id", "domain", unique=True),
        Index(None, "next_check_at"),
        Index(None, "return_host"),
    )

    domain: Mapped[str] = mapped_column(String(255))  # A-labels, lower case
    state: Mapped[str] = mapped_column(String(10))
    token: Mapped[str] = mapped_column(String(20))  # in selectors and return path
    return_host: Mapped[str] = mapped_column(String(255))
    # What was found for each record, in their order: {"name", "state", "found", "problem", "hint"}.
    findings: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime]
    connected_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]  # since when both keys are definitely not published


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
