"""Alembic's way into the metadata: on the connection that `app.migrate` gives, or our settings."""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import JSON, Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app import migrate
from app.api import idempotency  # noqa: F401 - it has a table, too
from app.db import Base, Moment
from app.domain import models  # noqa: F401 - every table is known when this is imported
from app.settings import Settings


def _render(kind: str, thing: object, where: Any) -> str | bool:
    """Our own column types by their names, so that a migration reads like the models."""
    if kind == "type" and isinstance(thing, Moment):
        where.imports.add("from app.db import Moment")
        return "Moment()"
    if kind == "type" and isinstance(thing, JSON):
        where.imports.add("from app.db import Json")
        return "Json"
    return False


def run(connection: Connection) -> None:
    """Configure and run on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render,
        include_name=migrate.has_model,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _from_settings() -> None:
    engine = create_async_engine(Settings().database)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(_from_settings())
