"""The routing rule of a channel."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json


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
