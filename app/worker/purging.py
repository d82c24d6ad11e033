"""The job that purges spam and quarantined mail: in small transactions, an account at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.db import Database
from app.domain import accounts, inbound
from app.store import BlobStore
from app.worker.clock import Job

ACCOUNTS = 50  # in one turn
PIECES = 100  # in one turn; the other jobs wait meanwhile


def purge_spam(database: Database, store: BlobStore) -> Job:
    """What is spam, or in quarantine, for 90 days is gone (F5)."""

    async def run() -> None:
        now = datetime.now(UTC)
        before = now - timedelta(days=inbound.SPAM_DAYS)
        async with database.reading() as db:
            due = list(await inbound.accounts_with_spam(db, before, ACCOUNTS))
        for _ in range(PIECES):
            if not due:
                return
            async with database.writing() as db:
                await accounts.lock(db, due[-1:])
                done = await inbound.purge(db, due[-1], before, now)
            for key in done.blobs:
                await store.delete(key)
            if not done.count:
                due.pop()

    return Job("purge_spam", 600, run)
