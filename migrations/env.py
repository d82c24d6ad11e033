"""Alembic's way into the metadata: on the connection that `app.migrate` gives, else on our settings."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.db import Base
from app.domain import models  # noqa: F401 - every table is known when this is imported
from app.settings import Settings


def run(connection: Connection) -> None:
    """Configure and run on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        user_module_prefix="app.db.",
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
