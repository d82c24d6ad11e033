"""What is kept for a time only: the clock forgets it in small pieces, each with its own commit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.db import Database
from app.domain import accounts, events
from app.worker.clock import Job

ACCOUNTS = 50  # in one turn
PIECES = 100  # in one turn; the other jobs wait meanwhile


def forget_old_events(database: Database, days: int) -> Job:
    """Events that are older than this are gone from the log, from its beginning on."""

    async def run() -> None:
        before = datetime.now(UTC) - timedelta(days=days)
        async with database.reading() as db:
            due = list(await events.accounts_with_older(db, before, ACCOUNTS))
        for _ in range(PIECES):
            if not due:
                return
            async with database.writing() as db:
                await accounts.lock(db, due[-1:])
                if await events.forget_older(db, due[-1], before) < events.PIECE:
                    due.pop()

    return Job("forget_old_events", 60, run)
