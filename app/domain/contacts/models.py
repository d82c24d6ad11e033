"""Contacts and their addresses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Owned

ADDRESS_LIMIT = 320  # 64 of local part, @, 255 of domain (RFC 5321 4.5.3.1)


class Contact(Owned, Base):
    """
    Somebody who writes to the account.

    `folded_name` is the name for searching: databases differ in what they take for the same letter.
    A placeholder stands for a sender who could not be found out (E7). One that was merged or erased
    keeps its row, without name and addresses, because others refer to it.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "owner_id"], ["users.account_id", "users.id"]),
        # Named: with the condition it is another index than the convention's.
        Index(
            "ix_contacts_owned",
            "account_id",
            "owner_id",
            postgresql_where=text("owner_id IS NOT NULL"),
            sqlite_where=text("owner_id IS NOT NULL"),
        ),
    )

    name: Mapped[str] = mapped_column(Text)
    folded_name: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[str | None] = mapped_column(Id)
    tracked: Mapped[bool]
    tracking_token: Mapped[str | None] = mapped_column(String(200))
    tracked_at: Mapped[datetime | None]
    placeholder: Mapped[bool]
    merged_into: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ContactAddress(Base):
    """An address in canonical form: within an account it belongs to one contact (E9)."""

    __tablename__ = "contact_addresses"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "contact_id"], ["contacts.account_id", "contacts.id"]),
        Index(None, "account_id", "contact_id"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_LIMIT), primary_key=True)
    contact_id: Mapped[str] = mapped_column(Id)
    shown: Mapped[str] = mapped_column(Text)  # as it was first written
    position: Mapped[int]
