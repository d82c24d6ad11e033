"""The jobs that purge: spam and quarantined mail, and what the blob store no longer has to keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.db import Database
from app.domain import accounts, inbound, raw_mail
from app.store import BlobStore
from app.worker.clock import Job

ACCOUNTS = 50  # in one turn
PIECES = 100  # in one turn; the other jobs wait meanwhile
BLOBS = 100  # in one turn


def purge_spam(database: Database) -> Job:
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
                if not await inbound.purge(db, due[-1], before, now):
                    due.pop()

    return Job("purge_spam", 600, run)


def delete_blobs(database: Database, store: BlobStore) -> Job:
    """What was doomed is gone from the blob store."""

    async def run() -> None:
        async with database.reading() as db:
            doomed = await raw_mail.list_doomed(db, BLOBS)
        for key in doomed:
            await store.delete(raw_mail.blob_of(key))
            async with database.writing() as db:
                await accounts.lock(db, [key[0]])
                await raw_mail.note_deleted(db, key, datetime.now(UTC))
        async with database.writing() as db:
            await raw_mail.forget_deleted(db, datetime.now(UTC))

    return Job("delete_blobs", 10, run)
