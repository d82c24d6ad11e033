"""Pipelines with their stages, and what a channel does with tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned


class TicketPipeline(Owned, Base):
    """A way that tickets go, from stage to stage."""

    __tablename__ = "ticket_pipelines"

    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]


class TicketStage(Owned, Base):
    """A place on a pipeline; a ticket there is open or closed."""

    __tablename__ = "ticket_stages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "pipeline_id"], ["ticket_pipelines.account_id", "ticket_pipelines.id"]
        ),
        Index(None, "account_id", "pipeline_id", "position"),
    )

    pipeline_id: Mapped[str] = mapped_column(Id)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10))


class TicketAutomation(Base):
    """Whether and how new conversations of one channel open tickets."""

    __tablename__ = "ticket_automations"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Id, primary_key=True)
    enabled: Mapped[bool]
    properties: Mapped[dict[str, Any]] = mapped_column(Json)
    on_reply_to_closed: Mapped[dict[str, str] | None] = mapped_column(Json)
