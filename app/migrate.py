"""
Migrations: the one Alembic chain for both databases, run up to its head.

Several processes may start at one time: the database lets one of them migrate, the others wait.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.settings import Settings, make_data_dir

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
NOT_MIGRATED = "not migrated: run hosted-inbox migrate"
ANOTHER_VERSION = "migrated by another version of hosted-inbox"
LOCK = 4_702_111_234  # any number, the same for all of us

BY_HAND = "message_search"  # how the tables begin that a migration makes by hand, without a model


def has_model(name: str | None, kind: str, _parents: object) -> bool:
    """Is this table one that the models describe? For Alembic's `include_name`."""
    return kind != "table" or not str(name).startswith(BY_HAND)


def configuration() -> Config:
    """Alembic's configuration, found beside the package."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


async def upgrade(settings: Settings, revision: str = "head") -> None:
    """The database has every table of this version when this returns."""
    if settings.embedded and not settings.database_url:
        make_data_dir(settings)
    engine = create_async_engine(settings.database)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def standing(connection: Connection) -> str:
    """`ok` when the database is what this version needs, else NOT_MIGRATED or ANOTHER_VERSION."""
    known, head = _revisions()
    found = set(MigrationContext.configure(connection).get_current_heads())
    if found == {head}:
        return "ok"
    return NOT_MIGRATED if found <= known else ANOTHER_VERSION


@functools.cache
def _revisions() -> tuple[frozenset[str], str]:
    scripts = ScriptDirectory.from_config(configuration())
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return known, str(scripts.get_current_head())


def _upgrade(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    else:
        connection.execute(text("BEGIN IMMEDIATE"))
    _run(connection, command.upgrade, revision)


def _run(connection: Connection, verb: Any, *arguments: Any) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    verb(config, *arguments)
