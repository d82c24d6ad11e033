"""What is kept for a time only: the clock forgets it in small pieces, each with its own commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.domain import accounts, audit, events, webhooks
from app.worker.clock import Job

ACCOUNTS = 50  # in one turn
PIECES = 100  # in one turn; the other jobs wait meanwhile

Due = Callable[[AsyncSession, datetime, int], Awaitable[Sequence[str]]]
Forget = Callable[[AsyncSession, str, datetime], Awaitable[int]]


def forget_old_events(database: Database, days: int) -> Job:
    """Events that are older than this are gone from the log, from its beginning on."""
    return _forgetting(
        "forget_old_events",
        database,
        days,
        events.accounts_with_older,
        events.forget_older,
    )


def forget_old_deliveries(database: Database, days: int) -> Job:
    """Deliveries of webhooks are kept for as long as events are."""
    return _forgetting(
        "forget_old_deliveries",
        database,
        days,
        webhooks.accounts_with_older,
        webhooks.forget_older,
    )


def forget_old_audit_entries(database: Database, days: int) -> Job:
    """Entries of the audit log that are older than this are gone."""
    return _forgetting(
        "forget_old_audit_entries",
        database,
        days,
        audit.accounts_with_older,
        audit.forget_older,
    )


def _forgetting(name: str, database: Database, days: int, due_in: Due, forget: Forget) -> Job:
    async def run() -> None:
        before = datetime.now(UTC) - timedelta(days=days)
        async with database.reading() as db:
            due = list(await due_in(db, before, ACCOUNTS))
        for _ in range(PIECES):
            if not due:
                return
            async with database.writing() as db:
                await accounts.lock(db, due[-1:])
                if not await forget(db, due[-1], before):
                    due.pop()

    return Job(name, 60, run)
