"""What routing decided for a conversation, one decision after the other."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Page, PageRequest, page_of
from app.domain.routing.models import RoutingDecision


async def list_decisions(
    db: AsyncSession, account_id: str, conversation_id: str, request: PageRequest
) -> Page[RoutingDecision]:
    """The decisions for the conversation, the oldest first."""
    statement = select(RoutingDecision).where(
        RoutingDecision.account_id == account_id,
        RoutingDecision.conversation_id == conversation_id,
    )
    return await page_of(db, statement, [RoutingDecision.id], request)
