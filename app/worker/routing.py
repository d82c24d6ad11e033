"""The clock's part of routing: what waits is assigned when a working day has begun."""

from __future__ import annotations

from datetime import UTC, datetime

from app.db import Database
from app.domain import accounts, conversations
from app.domain.conversations import Place
from app.domain.sender_identity import Post
from app.worker.clock import Job


def drain_waiting(database: Database, post: Post) -> Job:
    """Assign what waits for somebody, oldest first; a short transaction for each piece."""

    async def run() -> None:
        async with database.reading() as db:
            waiting = await conversations.accounts_waiting(db)
        for account_id in waiting:
            await _drain_account(database, account_id, post)

    return Job("drain_waiting", 60, run)


async def _drain_account(database: Database, account_id: str, post: Post) -> None:
    after: Place | None = None
    while True:
        async with database.writing() as db:
            await accounts.lock(db, [account_id])
            now = datetime.now(UTC)
            _, after = await conversations.drain_from(db, account_id, after, now, post)
        if after is None:
            return
