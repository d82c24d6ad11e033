"""The routing rules of channels, whose turn it is, and what was decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned


class RoutingRule(Base):
    """Who is assigned to a new conversation of one channel."""

    __tablename__ = "routing_rules"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Id, primary_key=True)
    mode: Mapped[str] = mapped_column(String(20))
    user_ids: Mapped[list[str]] = mapped_column(Json)
    team_ids: Mapped[list[str]] = mapped_column(Json)
    strategy: Mapped[str] = mapped_column(String(20))
    require_tracking: Mapped[bool]
    fallback: Mapped[dict[str, list[str]]] = mapped_column(Json)  # {"user_ids", "team_ids"}
    # The code of what was found wrong with the rule since it was saved, and was told (once).
    fault: Mapped[str | None] = mapped_column(String(40))


class RoutingTurn(Base):
    """When routing last assigned something to a user; `turn` orders the account's assignments."""

    __tablename__ = "routing_turns"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "user_id"], ["users.account_id", "users.id"]),
        Index(None, "account_id", "turn"),
    )

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, primary_key=True)
    turn: Mapped[int]
    last_assigned_at: Mapped[datetime]


class RoutingDecision(Owned, Base):
    """What was decided for a conversation: when it was opened, and when its waiting ended."""

    __tablename__ = "routing_decisions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "conversation_id"], ["conversations.account_id", "conversations.id"]
        ),
        Index(None, "account_id", "conversation_id", "id"),
    )

    conversation_id: Mapped[str] = mapped_column(Id)
    winner_id: Mapped[str | None] = mapped_column(Id)
    decision: Mapped[dict[str, Any]] = mapped_column(Json)
    decided_at: Mapped[datetime]
