"""
Wake-ups: whoever follows the event log hears that an account has news, right after the commit.

Within the process a commit tells it (`Database.committed`); between processes PostgreSQL does
(LISTEN and NOTIFY), after the commit and for many accounts at once, so that no transaction pays for
it. A wake-up may get lost with its process or its connection: who waits looks by itself now and
then. Deliberately not here: what the news are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import structlog
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from app.db import Database
from app.domain import events

log = structlog.get_logger()

CHANNEL = "hosted_inbox_events"
EVERYONE = "*"
IN_ONE = 150  # account ids in one notice: its limit is 8000 octets
KEEPALIVE = 30.0  # seconds without a word, after which we ask whether the connection still stands
RECONNECT = 5.0


class Wakeups:
    """Who waits for news of which account, and where they come from."""

    def __init__(self, database: Database) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._fresh: set[str] = set()  # accounts that the other processes are to hear of
        self._to_say = asyncio.Event()
        self._url = None if database.embedded else database.engine.url
        self._task: asyncio.Task[None] | None = None
        database.committed.append(self._committed)

    @contextlib.contextmanager
    def watching(self, account_id: str = EVERYONE) -> Iterator[asyncio.Event]:
        """
        An event that is set by news of the account (or of any), from now on.

        Clear it, then read the log, then wait for it: so nothing slips between.
        """
        news = asyncio.Event()
        self._waiting.setdefault(account_id, set()).add(news)
        try:
            yield news
        finally:
            waiting = self._waiting[account_id]
            waiting.discard(news)
            if not waiting:
                del self._waiting[account_id]

    def wake(self, account_ids: Collection[str]) -> None:
        """There is something new in these accounts, or something else to look at."""
        for account_id in (*account_ids, EVERYONE):
            for news in self._waiting.get(account_id, ()):
                news.set()

    def wake_all(self) -> None:
        """Everybody looks."""
        self.wake(list(self._waiting))

    def start(self) -> None:
        """Hear and tell other processes, where the database can; `stop` ends it."""
        if self._url is not None:
            self._task = asyncio.create_task(self._keep_in_touch())

    async def stop(self) -> None:
        """No connection is open when this returns."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _committed(self, info: Mapping[Any, Any]) -> None:
        accounts = events.recorded_in(info)
        if accounts:
            self.wake(accounts)
            if self._task is not None:
                self._fresh.update(accounts)
                self._to_say.set()

    async def _keep_in_touch(self) -> None:
        """One connection beside the pool, made anew when it is lost."""
        assert self._url is not None
        engine = create_async_engine(self._url, poolclass=NullPool)
        while True:
            try:
                async with engine.connect() as connection:
                    raw = await connection.get_raw_connection()
                    await self._talk(raw.driver_connection)
            except Exception as fault:  # noqa: BLE001 - whatever it is, looking now and then works
                log.warning("wakeups_lost", why=type(fault).__name__)
            await asyncio.sleep(RECONNECT)

    async def _talk(self, connection: Any) -> None:
        own = connection.get_server_pid()

        def heard(_connection: Any, sender: int, _channel: str, payload: str) -> None:
            if sender != own:
                self.wake(payload.split(","))

        connection.add_termination_listener(lambda _: self._to_say.set())
        await connection.add_listener(CHANNEL, heard)
        self.wake_all()  # what was said before we listened
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEPALIVE):
                    await self._to_say.wait()
            self._to_say.clear()
            said, self._fresh = sorted(self._fresh), set()
            for start in range(0, max(len(said), 1), IN_ONE):
                payload = ",".join(said[start : start + IN_ONE])
                await connection.execute(
                    "SELECT pg_notify($1, $2)" if payload else "SELECT 1",
                    *((CHANNEL, payload) if payload else ()),
                )
