"""
Migrations: the one Alembic chain for both databases, run up to its head.

Several processes may start at one time: the database lets one of them migrate, the others wait.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 4_702_111_234  # any number, the same for all of us


def configuration() -> Config:
    """Alembic's configuration, found beside the package."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


async def upgrade(settings: Settings, revision: str = "head") -> None:
    """The database has every table of this version when this returns."""
    if settings.embedded and not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(settings.database)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


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
