"""Who takes the conversations that a group of mails has opened: the routing room decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.conversations.known import Group


async def route_opened(db: AsyncSession, group: Group, now: datetime) -> None:
    """The opened conversations' rows say who is assigned and why; they are not yet inserted."""
