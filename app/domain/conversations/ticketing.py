"""The tickets of conversations: opened with them, moved by what is written in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.conversations.known import Group
from app.domain.conversations.models import Conversation


async def open_tickets(db: AsyncSession, group: Group, now: datetime) -> None:
    """The opened conversations' rows name their new tickets; they are not yet inserted."""


async def follow_messages(db: AsyncSession, group: Group, now: datetime) -> None:
    """The tickets of conversations that got a message follow it."""


async def follow_replies(
    db: AsyncSession, account_id: str, conversation: Conversation, now: datetime
) -> None:
    """The ticket of a conversation that an agent has answered follows it."""
