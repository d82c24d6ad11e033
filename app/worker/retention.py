"""What is kept for a time only: the clock forgets it in small pieces, each with its own commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.domain import accounts, audit, erasure, events, webhooks
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


def keep_no_longer(
    database: Database, *, raw_mail: int, conversations: int, ledger: int
) -> list[Job]:
    """
    Raw mail, closed conversations and rows of the ledger that are so many days old; 0: all stay.

    Raw mail is found by the ledger, which therefore is kept for at least as long.
    """
    days = {
        "conversations": conversations,
        "received": raw_mail,
        "sent": raw_mail,
        "ledger": max(ledger, raw_mail) if ledger else 0,
    }
    return [_keeping(database, kind, most) for kind, most in days.items() if most]


def _keeping(database: Database, kind: str, days: int) -> Job:
    async def run() -> None:
        now = datetime.now(UTC)
        before = now - timedelta(days=days)
        async with database.reading() as db:
            due = list(await erasure.due(db, kind, now, ACCOUNTS))
        for _ in range(PIECES):
            if not due:
                return
            async with database.writing() as db:
                await accounts.lock(db, due[-1:])
                if not await erasure.forget(db, due[-1], kind, before, now):
                    due.pop()

    return Job(f"forget_old_{kind}", 60, run)
