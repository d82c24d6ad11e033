"""
Sweeping the blob store: what failed puts and failed commits have left goes, once a day.

Large octets lie in the store before the row that names them; where the row never came they are
litter. The store is gone through in small pieces. What is old enough and belongs to no row is
doomed under its account's lock, as erased mail is (`raw_mail.doomed`): a mail with the same octets
that comes meanwhile loses nothing. Keys that are not ours, or of no account, are left alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client.core import CounterMetricFamily, Metric

from app.db import Database
from app.domain import accounts, conversations, raw_mail
from app.errors import NotFound
from app.store import BlobStore, Stored, read_key
from app.worker.clock import Job

log = structlog.get_logger()

PIECE = 1000  # keys that are looked at in one turn
EVERY = 10.0  # seconds, from one turn to the next
REST = timedelta(days=1)  # from the end of one sweep to the next
AFTER_START = timedelta(hours=1)
UNFINISHED, ORPHANED = timedelta(days=1), timedelta(days=2)  # older than that is litter
KINDS = ("unfinished", "content", "upload")


class Sweeper:
    """Goes through one store again and again; counts what it has swept."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self._database, self._store = database, store
        self._behind = ""
        self._seen = 0
        self._swept: Counter[str] = Counter()
        self._next = datetime.now(UTC) + AFTER_START
        self.counters: Counter[str] = Counter()

    def job(self) -> Job:
        """The clock's job: a piece at a time, while a sweep is due."""

        async def run() -> None:
            now = datetime.now(UTC)
            if now >= self._next:
                await self.turn(now)

        return Job("sweep_store", EVERY, run)

    async def turn(self, now: datetime) -> bool:
        """Look at the next piece of the store; True when that was the last one of this sweep."""
        found = await self._store.list(self._behind, PIECE)
        await self._delete(found, now)
        await self._doom(found, now)
        self._seen += len(found)
        if len(found) == PIECE:
            self._behind = found[-1].key
            return False
        swept = {kind: self._swept[kind] for kind in KINDS}
        log.info("store_swept", looked_at=self._seen, **swept)
        self._behind, self._seen, self._swept = "", 0, Counter()
        self._next = now + REST
        return True

    def metrics(self) -> Iterable[Metric]:
        """What this process has swept since it started."""
        swept = CounterMetricFamily(
            "hosted_inbox_store_swept", "Litter taken out of the blob store.", labels=["kind"]
        )
        for kind in KINDS:
            swept.add_metric([kind], self.counters[kind])
        yield swept

    async def _delete(self, found: Sequence[Stored], now: datetime) -> None:
        """What nobody can ever ask for: halves of files, and uploads without a row."""
        for one in found:
            if one.unfinished and one.written_at < now - UNFINISHED:
                await self._store.delete(one.key)
                self._count("unfinished", 1)
        uploads = {
            upload: one.key
            for one in found
            if one.written_at < now - ORPHANED and (upload := conversations.upload_of(one.key))
        }
        if uploads:
            async with self._database.reading() as db:
                known = await conversations.uploads_among(db, uploads)
            for upload in await self._of_accounts(uploads.keys() - known):
                await self._store.delete(uploads[upload])
                self._count("upload", 1)

    async def _doom(self, found: Sequence[Stored], now: datetime) -> None:
        old = {
            key
            for one in found
            if one.written_at < now - ORPHANED and (key := read_key(one.key)) is not None
        }
        if not old:
            return
        async with self._database.reading() as db:
            orphans = await raw_mail.orphans_among(db, old)
        by_account: dict[str, set[str]] = defaultdict(set)
        for account_id, digest in await self._of_accounts(orphans):
            by_account[account_id].add(digest)
        for account_id, digests in by_account.items():
            async with self._database.writing() as db:
                await accounts.lock(db, [account_id])
                self._count("content", await raw_mail.doom_orphans(db, account_id, digests, now))

    async def _of_accounts(self, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these whose account is one of this database."""
        there = set()
        async with self._database.reading() as db:
            for account_id in {account_id for account_id, _ in keys}:
                try:
                    there.add((await accounts.get_account(db, account_id)).id)
                except NotFound:
                    continue
        return {key for key in keys if key[0] in there}

    def _count(self, kind: str, number: int) -> None:
        self._swept[kind] += number
        self.counters[kind] += number
