"""The driver for SQLite: what is quick runs on the loop, what may take long leaves it free."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app import sqlite
from app.db import Database
from app.worker import jobs

LONG = text(
    "SELECT count(*) FROM (WITH RECURSIVE number(n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT :upto) SELECT n FROM number)"
)
ENDLESS = 10**12


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with one table of one column, `word`."""
    database = Database(f"{sqlite.DRIVER}:///{tmp_path / 'one.db'}")
    async with database.writing() as db:
        await db.execute(text("CREATE TABLE words (word TEXT)"))
    yield database
    await database.close()


async def words_of(database: Database) -> list[str]:
    async with database.reading() as db:
        return list((await db.execute(text("SELECT word FROM words ORDER BY word"))).scalars())


async def test_quick_statements_need_no_thread(database: Database) -> None:
    threads = []
    async with database.writing() as db:
        connection = await db.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        driver.create_function("here", 0, lambda: threads.append(threading.get_ident()) or "here")

        await db.execute(text("INSERT INTO words SELECT here()"))
        await db.execute(text("SELECT here() FROM words"))

    assert threads == [threading.get_ident()] * 2


async def test_only_the_commit_of_what_was_written_needs_a_thread(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await words_of(database) == []  # both connections are open
    in_thread = []
    really = sqlite.Connection.in_thread

    def noted(
        connection: sqlite.Connection, work: object, *arguments: object, **named: bool
    ) -> object:
        in_thread.append(arguments)
        return really(connection, work, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite.Connection, "in_thread", noted)
    async with database.writing() as db:
        await db.execute(text("INSERT INTO words VALUES ('one')"))
    assert await words_of(database) == ["one"]

    assert in_thread == [()]


async def test_a_long_select_leaves_the_loop_free_and_gives_its_rows(database: Database) -> None:
    async with database.reading() as db:
        search = asyncio.create_task(db.execute(LONG, {"upto": 3_000_000}))
        turns = 0
        while not search.done():
            await asyncio.sleep(0)
            turns += 1

        counted = (await search).scalar_one()

    assert counted == 3_000_000
    assert turns > 10


async def test_a_quick_question_does_not_wait_for_long_searches(database: Database) -> None:
    async def search() -> None:
        async with database.reading() as db:
            await db.execute(LONG, {"upto": ENDLESS})

    searches = [asyncio.create_task(search()) for _ in range(6)]
    await asyncio.sleep(0.1)

    assert await words_of(database) == []

    for one in searches:
        one.cancel()
    await asyncio.wait(searches)


async def test_a_long_select_of_the_writer_undoes_nothing(database: Database) -> None:
    async with database.writing() as db:
        await db.execute(text("INSERT INTO words VALUES ('kept')"))
        await db.execute(LONG, {"upto": 3_000_000})

    assert await words_of(database) == ["kept"]


async def test_a_cancelled_select_ends_and_harms_nobody(database: Database) -> None:
    async def search() -> None:
        async with database.reading() as db:
            await db.execute(LONG, {"upto": ENDLESS})

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(search(), 0.05)

    assert await words_of(database) == []


async def test_a_commit_that_has_begun_ends_though_its_task_is_cancelled(
    database: Database,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(10)

    async def write() -> None:
        async with database.writing() as db:
            connection = await db.connection()
            driver = (await connection.get_raw_connection()).driver_connection
            driver._thread.submit(slow)  # the commit waits behind this
            await db.execute(text("INSERT INTO words VALUES ('kept')"))

    writing = asyncio.create_task(write())
    await asyncio.to_thread(begun.wait, 10)
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await words_of(database) == ["kept"]
    async with database.writing() as db:
        await db.execute(text("INSERT INTO words VALUES ('later')"))
    assert await words_of(database) == ["kept", "later"]


async def test_waiting_for_another_process_leaves_the_loop_free(
    database: Database, tmp_path: Path
) -> None:
    async def write() -> None:
        async with database.writing() as db:
            await db.execute(text("INSERT INTO words VALUES ('ours')"))

    other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO words VALUES ('theirs')")
    writing = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing

    assert await words_of(database) == ["ours", "theirs"]


async def test_a_fault_of_a_statement_is_raised_where_it_stands(database: Database) -> None:
    async with database.reading() as db:
        with pytest.raises(Exception, match="no such table"):
            await db.execute(text("SELECT word FROM elsewhere"))


async def test_a_burst_does_not_leave_a_large_log_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.WAL_KEPT", 200_000)
    path = tmp_path / "burst.db"
    database = Database(f"{sqlite.DRIVER}:///{path}")
    async with database.writing() as db:
        await db.execute(text("CREATE TABLE words (word TEXT)"))
        await db.execute(text("INSERT INTO words VALUES (:word)"), {"word": "w" * 3_000_000})
    log = tmp_path / "burst.db-wal"
    large = log.stat().st_size

    await jobs.checkpoint(str(path)).run()
    async with database.writing() as db:
        await db.execute(text("INSERT INTO words VALUES ('one more')"))

    assert large > 3_000_000
    assert log.stat().st_size <= 200_000
    await database.close()
