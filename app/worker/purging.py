"""The jobs that purge: spam, contacts who are erased, and what the blob store need not keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from app.db import Database
from app.domain import accounts, erasure, inbound, raw_mail
from app.store import BlobStore
from app.worker.clock import Job

log = structlog.get_logger()

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


def go_on_erasing(database: Database, store: BlobStore, secret: bytes) -> Job:
    """Erasures that were too long for their requests go on, the oldest first."""

    async def advance(account_id: str, erasure_id: str) -> bool:
        """A piece of it; False: it is done."""
        async with database.writing() as db:
            await accounts.lock(db, [account_id])
            found = await erasure.get_erasure(db, account_id, erasure_id)
            if found.state == erasure.RUNNING:
                await erasure.advance(db, store, secret, found, datetime.now(UTC))
            return found.state == erasure.RUNNING

    async def run() -> None:
        async with database.reading() as db:
            waiting = await erasure.running(db, ACCOUNTS)
        left = PIECES
        for account_id, erasure_id in waiting:
            try:
                while left and await advance(account_id, erasure_id):
                    left -= 1
            except Exception:  # one that fails does not keep the others waiting
                log.exception("erasure_failed", erasure=erasure_id)

    return Job("go_on_erasing", 2, run)


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
