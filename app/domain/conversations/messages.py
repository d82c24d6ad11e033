"""Reading the messages of conversations; a page of them is bounded by its size, too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.db import Page, PageRequest, padded, page_of
from app.domain.conversations.models import Message
from app.domain.conversations.service import get
from app.errors import NotFound

PAGE_SIZE = 2_000_000  # characters of the messages of one page
_SIZE = (
    func.length(Message.text)
    + func.coalesce(func.length(Message.html), 0)
    + func.length(Message.reply_text)
    + func.length(Message.quoted_text)
    + func.length(cast(Message.attachments, Text))
    + func.length(cast(Message.to, Text))
    + func.length(cast(Message.cc, Text))
)


async def list_messages(
    db: AsyncSession,
    account_id: str,
    conversation_id: str,
    request: PageRequest,
    *,
    newest_first: bool = False,
) -> Page[Message]:
    """
    The messages, comments and events of a conversation. Raises NotFound.

    A page ends early before it holds more than PAGE_SIZE, but never without a message.
    """
    await get(db, account_id, conversation_id)
    sizes = select(Message.id, _SIZE.label("size")).where(
        Message.account_id == account_id, Message.conversation_id == conversation_id
    )
    page: Page[Any] = await page_of(
        db, sizes, [Message.id], request, descending=newest_first, scalars=False
    )
    chosen: list[str] = []
    total = 0
    for row in page.items:
        total += row.size
        if chosen and total > PAGE_SIZE:
            break
        chosen.append(row.id)
    found = await db.execute(
        select(Message)
        .where(Message.account_id == account_id, Message.id.in_(padded(chosen)))
        .order_by(Message.id.desc() if newest_first else Message.id)
        .options(defer(Message.attribution))
    )
    cut = len(chosen) < len(page.items)
    return Page(list(found.scalars()), (chosen[-1],) if cut else page.next_after)


async def get_message(db: AsyncSession, account_id: str, message_id: str) -> Message:
    """The message. Raises NotFound."""
    found = await db.get(Message, (account_id, message_id))
    if found is None:
        raise NotFound("There is no such message.", "messages.not_found")
    return found


async def places_of(
    db: AsyncSession, account_id: str, message_ids: Collection[str]
) -> dict[str, str | None]:
    """The conversation in which each of these messages stands now."""
    if not message_ids:
        return {}
    found = await db.execute(
        select(Message.id, Message.conversation_id).where(
            Message.account_id == account_id, Message.id.in_(message_ids)
        )
    )
    return {row.id: row.conversation_id for row in found}
