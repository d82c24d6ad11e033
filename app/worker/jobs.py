"""The jobs of the clock: tidying that belongs to no request."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from app.db import Database
from app.domain import accounts
from app.worker.clock import Job

Tidy = Callable[[Database, datetime], Awaitable[None]]


def note_key_uses(database: Database, take: Callable[[], set[str]]) -> Job:
    """Write down which API keys were used."""

    async def run() -> None:
        used = take()
        if used:
            async with database.writing() as db:
                await accounts.note_key_uses(db, used, datetime.now(UTC))

    return Job("note_key_uses", 10, run, at_end=True)


def tidying(name: str, every: float, database: Database, tidy: Tidy) -> Job:
    """A job that a door brings along."""

    async def run() -> None:
        await tidy(database, datetime.now(UTC))

    return Job(name, every, run)


def checkpoint(path: str) -> Job:
    """
    Move SQLite's write-ahead log into its file, in a thread with a connection of its own.

    Left to the writer, the checkpoint would make the mail wait that happens to fill the log.
    """

    def work() -> None:
        connection = sqlite3.connect(path, timeout=0.2)
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            connection.close()

    async def run() -> None:
        await asyncio.to_thread(work)

    return Job("checkpoint", 1, run)
