"""Pipelines, custom properties, what a channel does with tickets, and the tickets themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned
from app.domain.tickets.clocks import ServiceClock
from app.words import WORD_LENGTH


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


class TicketProperty(Owned, Base):
    """A custom property that every ticket of the account can have."""

    __tablename__ = "ticket_properties"
    __table_args__ = (
        Index("uq_ticket_properties_account_id_key", "account_id", "key", unique=True),
    )

    key: Mapped[str] = mapped_column(String(50))
    label: Mapped[str] = mapped_column(String(100))
    type: Mapped[str] = mapped_column(String(10))
    choices: Mapped[list[str]] = mapped_column(Json)
    default: Mapped[Any | None] = mapped_column(Json)
    required: Mapped[bool]
    created_at: Mapped[datetime]


class TicketAutomation(Base):
    """
    What one channel does with tickets, and how quickly it promises to answer.

    `degraded`: codes of what no longer fits in the template since it was saved; the defaults stand
    in for it.
    """

    __tablename__ = "ticket_automations"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Id, primary_key=True)
    enabled: Mapped[bool]
    properties: Mapped[dict[str, Any]] = mapped_column(Json)
    on_reply_to_closed: Mapped[dict[str, str] | None] = mapped_column(Json)
    # {"on_agent_reply", "on_contact_reply", "on_conversation_closed": stage or null,
    # "close_conversation": bool}; null: saved before there was any, the defaults.
    status: Mapped[dict[str, Any] | None] = mapped_column(Json)
    degraded: Mapped[list[str] | None] = mapped_column(Json)
    # {"first_response_minutes", "resolution_minutes"}, each null for none.
    service_targets: Mapped[dict[str, int | None] | None] = mapped_column(Json)
    service_hours: Mapped[dict[str, Any] | None] = mapped_column(Json)  # as working hours of users


class Ticket(ServiceClock, Owned, Base):
    """
    A piece of work, mostly for a contact and opened by a conversation.

    `state` is that of the stage; `urgency` is the priority for sorting; `touched_at` is when
    something was received last, else when it was made. Owner and conversation have no foreign key,
    because the ticket is written before its conversation is.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "pipeline_id"], ["ticket_pipelines.account_id", "ticket_pipelines.id"]
        ),
        ForeignKeyConstraint(
            ["account_id", "stage_id"], ["ticket_stages.account_id", "ticket_stages.id"]
        ),
        ForeignKeyConstraint(["account_id", "contact_id"], ["contacts.account_id", "contacts.id"]),
        Index(None, "account_id", "created_at", "id"),
        Index(None, "account_id", "touched_at", "id"),
        Index(None, "account_id", "urgency", "id"),
        Index(None, "account_id", "state", "created_at", "id"),
        Index(None, "account_id", "pipeline_id", "created_at", "id"),
        Index(None, "account_id", "stage_id", "created_at", "id"),
        Index(None, "account_id", "owner_id", "created_at", "id"),
        Index(None, "account_id", "contact_id", "created_at", "id"),
        Index(
            "ix_tickets_due",
            "account_id",
            "due_at",
            "id",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "uq_tickets_account_id_conversation_id",
            "account_id",
            "conversation_id",
            unique=True,
            sqlite_where=text("conversation_id IS NOT NULL"),
            postgresql_where=text("conversation_id IS NOT NULL"),
        ),
    )

    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    pipeline_id: Mapped[str] = mapped_column(Id)
    stage_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))
    priority: Mapped[str | None] = mapped_column(String(10))
    urgency: Mapped[str] = mapped_column(String(1))
    category: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(10))
    owner_id: Mapped[str | None] = mapped_column(Id)
    owner_by_hand: Mapped[bool]  # else it follows the conversation's assignee
    contact_id: Mapped[str | None] = mapped_column(Id)  # null: nobody known
    conversation_id: Mapped[str | None] = mapped_column(Id)
    channel_id: Mapped[str | None] = mapped_column(Id)
    merged_into: Mapped[str | None] = mapped_column(Id)  # the ticket of the other conversation
    custom: Mapped[dict[str, Any]] = mapped_column(Json)
    last_received_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    touched_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class TicketHistory(Owned, Base):
    """What was changed of a ticket, by whom, and why."""

    __tablename__ = "ticket_history"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "ticket_id"], ["tickets.account_id", "tickets.id"]),
        Index(None, "account_id", "ticket_id", "id"),
    )

    ticket_id: Mapped[str] = mapped_column(Id)
    type: Mapped[str] = mapped_column(String(10))  # created, updated
    changes: Mapped[dict[str, dict[str, Any]]] = mapped_column(Json)
    by_kind: Mapped[str] = mapped_column(String(12))  # user, api_key, automation, mail
    by_id: Mapped[str | None] = mapped_column(Id)
    why: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class TicketWord(Base):
    """A word of a ticket's name, description or category, as `app.words` folds and cuts it."""

    __tablename__ = "ticket_words"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "ticket_id"], ["tickets.account_id", "tickets.id"], ondelete="CASCADE"
        ),
        Index(None, "account_id", "ticket_id"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    # By code points, so that all words with one beginning stand together.
    word: Mapped[str] = mapped_column(
        String(WORD_LENGTH).with_variant(String(WORD_LENGTH, collation="C"), "postgresql"),
        primary_key=True,
    )
    ticket_id: Mapped[str] = mapped_column(Id, primary_key=True)
