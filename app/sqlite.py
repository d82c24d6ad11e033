"""
SQLite under asyncio without a thread for every statement: a SQLAlchemy dialect over `sqlite3`.

The usual driver hands each statement, each fetch and each close to a thread and waits for it, which
costs more than the statement itself (measured: 7.0 instead of 4.6 ms of CPU for a mail that comes
alone, 3.6 instead of 2.4 ms for a list of 50 conversations). A statement that goes by keys is done
in microseconds, so it runs where it stands, on the event loop. What may take long runs in a thread
of the connection's own, the loop meanwhile free:

- COMMIT, which waits for the disk, and BEGIN IMMEDIATE, which waits for other processes;
- a SELECT that is not done after PATIENCE: it is interrupted, and begins anew in the thread;
- every statement that is not known as quick: DELETE, PRAGMA, DDL.

Deliberately not here: pragmas, pools and who may write; see `app.db`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import URL, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import interfaces
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only

T = TypeVar("T")

DRIVER = "sqlite+inline"
BEGIN_WRITING = "BEGIN IMMEDIATE"
PATIENCE = 0.005  # seconds of the loop that a SELECT may take
_STEPS = 1000  # of SQLite's virtual machine, from one look at the clock to the next
# By key or in bounded pieces: that is how this product inserts and updates.
_QUICK = frozenset({"INSERT", "UPDATE", "SAVEPOINT", "RELEASE", "ROLLBACK"})


class Cursor(sqlite3.Cursor):
    """A cursor that has all of its rows when `execute` returns."""

    connection: Connection
    _rows: deque[Any]

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run the statement, on the loop or in the thread."""
        verb = sql[:9].upper().split(None, 1)[0] if sql else ""
        if verb == "BEGIN":
            self.connection.only_reads = sql != BEGIN_WRITING
        if sql == BEGIN_WRITING and self._begins_at_once(sql):
            return self
        if verb in _QUICK or sql == "BEGIN":
            return self._run(sql, parameters)
        if verb == "SELECT" and self.connection.quickly(self._run, sql, parameters):
            return self
        return self.connection.in_thread(self._run, sql, parameters, interruptible=verb == "SELECT")

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """Run the statement for every set of parameters; without rows as a result."""
        self._rows = deque()
        super().executemany(sql, parameters)
        return self

    def _begins_at_once(self, sql: str) -> bool:
        """False while another process writes; to wait for it is the thread's work."""
        self._run("PRAGMA busy_timeout=0")
        try:
            self._run(sql)
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        finally:
            self._run(f"PRAGMA busy_timeout={self.connection.patience}")
        return True

    def _run(self, sql: str, parameters: Any = ()) -> Cursor:
        super().execute(sql, parameters)
        self._rows = deque(super().fetchall()) if self.description else deque()
        return self

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows, at most `size`."""
        wanted = self.arraysize if size is None else size
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        rows, self._rows = list(self._rows), deque()
        return rows

    async def _async_soft_close(self) -> None:
        """SQLAlchemy awaits this of every asynchronous cursor; here is nothing left to fetch."""


class Connection(sqlite3.Connection):
    """A connection of one task at a time, used on the loop and in a thread of its own."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._until = math.inf
        self.only_reads = False  # the transaction that is open
        self.patience = int(1000 * named.get("timeout", 5))  # milliseconds
        self._watch()

    def cursor(self, factory: Any = Cursor) -> Any:
        """A new cursor."""
        return super().cursor(factory)

    def commit(self) -> None:
        """The changes are on the disk when this returns; also when the task is cancelled."""
        if self.in_transaction:
            end = super().commit
            if self.only_reads:
                end()
            else:
                self.in_thread(end)

    def close(self) -> None:
        """Close it, and end the thread."""
        self._thread.shutdown(wait=False)
        super().close()

    def quickly(self, work: Callable[..., object], *arguments: Any) -> bool:
        """Do the work on the loop; False when that took too long and it was broken off."""
        self._until = time.perf_counter() + PATIENCE
        try:
            work(*arguments)
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return False
        finally:
            self._until = math.inf
        return True

    def in_thread(self, work: Callable[..., T], *arguments: Any, interruptible: bool = False) -> T:
        """
        The result of the work, done in the thread while other tasks run.

        It has ended when this returns or raises, even if the task is cancelled meanwhile.
        """
        self.set_progress_handler(None, 0)
        try:
            future = self._thread.submit(work, *arguments)
            return await_only(self._end_of(future, interruptible))
        finally:
            self._watch()

    async def _end_of(self, future: Future[T], interruptible: bool) -> T:
        waiting = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            while not waiting.done():
                if interruptible:
                    self.interrupt()  # in vain when the thread has not begun yet
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([waiting], timeout=0.05)
            waiting.exception()  # nobody wants to know any more
            raise

    def _watch(self) -> None:
        self.set_progress_handler(self._is_late, _STEPS)

    def _is_late(self) -> bool:
        return time.perf_counter() > self._until


class Dialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect for `sqlite3`, with the connections above."""

    driver = "inline"
    supports_statement_cache = True
    is_async = True
    has_terminate = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """A pool whose waiting leaves the loop free."""
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> tuple[Sequence[str], dict[str, Any]]:
        """What `sqlite3.connect` is called with."""
        arguments, named = super().create_connect_args(url)
        return arguments, {**named, "factory": Connection, "check_same_thread": False}


class TextMoment(DATETIME):
    """Times in UTC as text, in SQLAlchemy's own form; one conversion instead of two."""

    def bind_processor(self, dialect: interfaces.Dialect) -> Any:
        last: tuple[datetime | None, str | None] = (None, None)

        def to_text(value: datetime | None) -> str | None:
            nonlocal last  # many rows of a statement share their moment
            if value is None:
                return None
            if value is not last[0]:
                text = value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
                last = (value, text)
            return last[1]

        return to_text

    def result_processor(self, dialect: interfaces.Dialect, coltype: object) -> Any:
        def from_text(value: str | None) -> datetime | None:
            return None if value is None else datetime.fromisoformat(value + "+00:00")

        return from_text


registry.register("sqlite.inline", __name__, "Dialect")
