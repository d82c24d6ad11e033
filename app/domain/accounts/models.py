"""Accounts, the subdomains they ever had, their people and their API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned

ADDRESS_LIMIT = 320  # 64 of local part, @, 255 of domain (RFC 5321 4.5.3.1)


class Account(Base):
    """A tenant. `subdomain` is the current one; every one it ever had is a Subdomain."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    subdomain: Mapped[str] = mapped_column(String(190), unique=True)
    plan: Mapped[str] = mapped_column(String(20))
    company_name: Mapped[str | None] = mapped_column(String(100))
    # What an owner answers to a notice is sent to the customer, not kept as a comment.
    answer_by_mail: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    created_at: Mapped[datetime]


class Subdomain(Base):
    """
    A subdomain that was ever used, and by whom: nobody else gets it, also when it is free again.

    No foreign key: it is reserved before the account's row is written.
    """

    __tablename__ = "subdomains"

    subdomain: Mapped[str] = mapped_column(String(190), primary_key=True)
    account_id: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]


class User(Owned, Base):
    """
    A person of the account. A deleted one keeps its row, so that history has somebody to name.

    `username_key` is the username for comparing; null when deleted, so that it is free again.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("account_id", "username_key"),)

    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(Text)
    other_addresses: Mapped[list[str]] = mapped_column(Json)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str | None] = mapped_column(String(64))
    availability: Mapped[str] = mapped_column(String(10))
    seat: Mapped[str] = mapped_column(String(10))
    working_hours: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # Open conversations that routing gives at most; null: as many as there are.
    capacity: Mapped[int | None]
    signature: Mapped[str] = mapped_column(Text, server_default=text("''"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class UserAddress(Base):
    """An address of a user in canonical form: within an account it belongs to one of them."""

    __tablename__ = "user_addresses"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "user_id"], ["users.account_id", "users.id"]),
        Index(None, "account_id", "user_id"),
    )

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_LIMIT), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id)


class Team(Owned, Base):
    """A named group of users; like them it keeps its row when it is deleted."""

    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class TeamMember(Base):
    """A user's place in a team."""

    __tablename__ = "team_members"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "team_id"], ["teams.account_id", "teams.id"]),
        ForeignKeyConstraint(["account_id", "user_id"], ["users.account_id", "users.id"]),
        Index(None, "account_id", "user_id"),
    )

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True)
    team_id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, primary_key=True)
    position: Mapped[int]


class ApiKey(Owned, Base):
    """A key of the account; of its secret only the SHA-256 is kept (hexadecimal)."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "id"),)

    name: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
