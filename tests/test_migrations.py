"""
The one chain of migrations, on both databases: it makes what the models say, up, down and up again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app import migrate
from app.api import idempotency  # noqa: F401 - it has a table, too
from app.db import Base
from app.domain import models  # noqa: F401 - every table is known when this is imported
from app.settings import Settings
from tests.conftest import DATABASES
from tests.postgres import create_database, drop_database


@pytest.fixture(params=DATABASES)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of a database in which nothing is."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path)
        return
    server = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex[:12]}"
    yield Settings(database_url=await create_database(server, name), data_dir=tmp_path)
    await drop_database(server, name)


@pytest.fixture
async def engine(empty: Settings) -> AsyncIterator[AsyncEngine]:
    """A way in beside `app.migrate`."""
    made = create_async_engine(empty.database)
    yield made
    await made.dispose()


async def on(engine: AsyncEngine, work: Callable[..., Any], *arguments: Any) -> Any:
    """Work with a plain connection, in one transaction."""
    async with engine.begin() as connection:
        return await connection.run_sync(work, *arguments)


def alembic(connection: Connection, verb: Callable[..., Any], *arguments: Any) -> None:
    """One of Alembic's commands, on this connection."""
    config = migrate.configuration()
    config.attributes["connection"] = connection
    verb(config, *arguments)


def shape(connection: Connection) -> dict[str, Any]:
    """What the database itself says of its tables: columns, keys, indexes."""
    found = inspect(connection)
    names = sorted(set(found.get_table_names()) - {"alembic_version"})
    return {
        name: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"])
                for c in found.get_columns(name)
            ],
            "primary key": found.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": sorted(
                (k["name"] or "", *k["constrained_columns"], k["referred_table"])
                for k in found.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (i["name"] or "", i["unique"], *map(str, i["column_names"]))
                for i in found.get_indexes(name)
            ),
        }
        for name in names
    }


def modelled(found: dict[str, Any]) -> set[str]:
    """The names of those tables that a model describes."""
    return {name for name in found if migrate.has_model(name, "table", None)}


def drift(connection: Connection) -> list[Any]:
    """What a new migration would have to change."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": migrate.has_model}
    )
    return compare_metadata(context, Base.metadata)


def test_the_chain_has_one_end() -> None:
    scripts = ScriptDirectory.from_config(migrate.configuration())

    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


async def test_the_migrated_database_is_what_the_models_say(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty)

    assert await on(engine, drift) == []
    assert modelled(await on(engine, shape)) == set(Base.metadata.tables)


async def test_a_difference_would_be_seen(empty: Settings, engine: AsyncEngine) -> None:
    await migrate.upgrade(empty)

    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE users ADD COLUMN surprise VARCHAR(10)"))

    assert [one[0] for one in await on(engine, drift)] == ["remove_column"]


async def test_down_leaves_nothing_and_up_again_makes_the_same(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty)
    first = await on(engine, shape)

    await on(engine, alembic, command.downgrade, "base")
    nothing = await on(engine, shape)
    await migrate.upgrade(empty)

    assert nothing == {}
    assert await on(engine, shape) == first


async def test_every_step_can_be_gone_back_and_forth(empty: Settings, engine: AsyncEngine) -> None:
    """Step by step, as an operator goes back after a bad release."""
    scripts = ScriptDirectory.from_config(migrate.configuration())
    steps = [script.revision for script in reversed(list(scripts.walk_revisions()))]

    for step in steps:
        await migrate.upgrade(empty, step)
        there = await on(engine, shape)
        await on(engine, alembic, command.downgrade, "-1")
        await migrate.upgrade(empty, step)
        assert await on(engine, shape) == there


async def test_migrating_what_is_up_to_date_changes_nothing(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty)
    before = await on(engine, shape)

    await migrate.upgrade(empty)

    assert await on(engine, shape) == before


async def test_processes_that_start_at_one_time_migrate_once(empty: Settings) -> None:
    """Three of them on an empty database: each finds it complete afterwards."""
    await asyncio.gather(*(migrate.upgrade(empty) for _ in range(3)))

    engine = create_async_engine(empty.database)
    found = await on(engine, shape)
    await engine.dispose()
    assert modelled(found) == set(Base.metadata.tables)
