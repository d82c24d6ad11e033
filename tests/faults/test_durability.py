"""A commit that was answered is on the disk: what a killed process alone cannot show."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.conftest import Service


async def test_sqlite_waits_for_the_disk_at_each_commit(service: Service) -> None:
    if not service.settings.embedded:
        pytest.skip("PostgreSQL's operator decides; its default waits")
    async with service.database.writing() as db:
        synchronous = (await db.execute(text("PRAGMA synchronous"))).scalar_one()
        journal = (await db.execute(text("PRAGMA journal_mode"))).scalar_one()

    assert (synchronous, journal) == (2, "wal")  # 2 is FULL
