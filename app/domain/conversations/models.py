"""Conversations, their messages, and the index of every Message-ID that belongs to one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.db import Base, Id, Json, Moment, Owned
from app.domain.tickets import ServiceClock

# Literal, so that a planner knows the partial indexes by them.
OPEN_ASSIGNED = text("state = 'open' AND assignee_id IS NOT NULL")
AWAITING_ROUTING = text("awaits_routing")
SPAM = text("spam")
OF_TEAM = text("team_id IS NOT NULL")
AUTHORED = text("author_contact_id IS NOT NULL")


class Conversation(ServiceClock, Owned, Base):
    """What one contact and the team write to each other about one thing."""

    __tablename__ = "conversations"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
        ForeignKeyConstraint(["account_id", "contact_id"], ["contacts.account_id", "contacts.id"]),
        Index(None, "account_id", "last_message_at", "id"),
        Index(None, "account_id", "state", "last_message_at", "id"),
        Index(None, "account_id", "channel_id", "last_message_at", "id"),
        Index(None, "account_id", "assignee_id", "last_message_at", "id"),
        Index(None, "account_id", "contact_id", "last_message_at", "id"),
        Index(
            "ix_conversations_due",
            "account_id",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        # What everybody has to do, and what waits for somebody: small whatever the history is.
        Index(
            "ix_conversations_open_assigned",
            "account_id",
            "assignee_id",
            sqlite_where=OPEN_ASSIGNED,
            postgresql_where=OPEN_ASSIGNED,
        ),
        Index(
            "ix_conversations_awaiting_routing",
            "account_id",
            "created_at",
            "id",
            sqlite_where=AWAITING_ROUTING,
            postgresql_where=AWAITING_ROUTING,
        ),
        Index("ix_conversations_spam", "spam_at", sqlite_where=SPAM, postgresql_where=SPAM),
        # Lists that few conversations are in, or none.
        Index(
            "ix_conversations_spam_listed",
            "account_id",
            "last_message_at",
            "id",
            sqlite_where=SPAM,
            postgresql_where=SPAM,
        ),
        Index(
            "ix_conversations_of_team",
            "account_id",
            "team_id",
            "last_message_at",
            "id",
            sqlite_where=OF_TEAM,
            postgresql_where=OF_TEAM,
        ),
    )

    channel_id: Mapped[str] = mapped_column(Id)
    contact_id: Mapped[str] = mapped_column(Id)
    subject: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    assignee_id: Mapped[str | None] = mapped_column(Id)
    team_id: Mapped[str | None] = mapped_column(Id)
    ticket_id: Mapped[str | None] = mapped_column(Id)
    spam: Mapped[bool]
    spam_at: Mapped[datetime | None]  # when somebody marked it
    # [{"name", "address"}]: everybody outside of the team who takes part, by canonical address.
    participants: Mapped[list[dict[str, str]]] = mapped_column(Json)
    follow_up_of: Mapped[str | None] = mapped_column(Id)
    # Everything of it stands there: it is closed for good, and in no list.
    merged_into: Mapped[str | None] = mapped_column(Id)
    message_count: Mapped[int]
    last_message_at: Mapped[datetime]
    last_received_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    routing_decision: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # The rule found nobody who was there: it is assigned when somebody is (H2).
    awaits_routing: Mapped[bool] = mapped_column(server_default=text("false"), default=False)

    @validates("assignee_id", "state", "spam", "merged_into")
    def _ends_waiting(self, name: str, value: Any) -> Any:
        """Whoever takes it, closes it or marks it as spam ends its waiting for routing."""
        if value and not (name == "state" and value == "open"):
            self.awaits_routing = False
        return value


class Message(Owned, Base):
    """A mail, a comment or an event; machine mail may stand outside of every conversation."""

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "channel_id"], ["channels.account_id", "channels.id"]),
        ForeignKeyConstraint(
            ["account_id", "conversation_id"], ["conversations.account_id", "conversations.id"]
        ),
        Index(None, "account_id", "conversation_id", "id"),
        Index(None, "account_id", "message_key"),
        # What a contact wrote, for those who merge or erase it.
        Index(
            "ix_messages_author",
            "account_id",
            "author_contact_id",
            sqlite_where=AUTHORED,
            postgresql_where=AUTHORED,
        ),
    )

    conversation_id: Mapped[str | None] = mapped_column(Id)
    channel_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str | None] = mapped_column(String(10))
    mail_class: Mapped[str] = mapped_column(String(20))
    pending: Mapped[bool]
    from_name: Mapped[str] = mapped_column(Text)
    from_address: Mapped[str] = mapped_column(Text)
    author_contact_id: Mapped[str | None] = mapped_column(Id)
    author_user_id: Mapped[str | None] = mapped_column(Id)
    author_name: Mapped[str] = mapped_column(Text)
    author_address: Mapped[str] = mapped_column(Text)
    to: Mapped[list[dict[str, str]]] = mapped_column(Json)
    cc: Mapped[list[dict[str, str]]] = mapped_column(Json)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    reply_text: Mapped[str] = mapped_column(Text)
    quoted_text: Mapped[str] = mapped_column(Text)
    # [{"id", "filename", "content_type", "size", "inline", "content_id", "locator"}]
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    # The names of those of these columns that hold less than the raw mail does.
    truncated: Mapped[list[str]] = mapped_column(Json)
    message_id: Mapped[str] = mapped_column(Text)
    message_key: Mapped[str | None] = mapped_column(String(32))
    in_reply_to: Mapped[str | None] = mapped_column(Text)
    report: Mapped[dict[str, Any] | None] = mapped_column(Json)
    authentication: Mapped[dict[str, Any]] = mapped_column(Json)
    attribution: Mapped[dict[str, Any] | None] = mapped_column(Json)
    raw_digest: Mapped[str | None] = mapped_column(String(64))
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime]


class ThreadId(Base):
    """
    A Message-ID that was received, sent or only mentioned, and the conversation it leads to.

    `key` is a digest of channel and id (`threading.key_of`), so that threading never leaves the
    channel.
    """

    __tablename__ = "thread_ids"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "conversation_id"], ["conversations.account_id", "conversations.id"]
        ),
        Index(None, "account_id", "conversation_id"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(Id)


class Reopening(Base):
    """How often mail has reopened conversations lately: of a contact, from a domain, this one."""

    __tablename__ = "reopenings"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["accounts.id"]),)

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]


class OwnerNotice(Base):
    """That an owner who was away was sent the message of a conversation: once for each."""

    __tablename__ = "owner_notices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "conversation_id"], ["conversations.account_id", "conversations.id"]
        ),
        Index(None, "account_id", "user_id", "created_at"),
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]
