"""What the receiving of mail asks the database, as SQLite answers it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import event

from tests.conftest import Service
from tests.journeys.conftest import Inbox

# Tables of which an account has a row for each mail or for each of its people.
LARGE = (
    "contacts",
    "contact_addresses",
    "messages",
    "conversations",
    "thread_ids",
    "received_mail",
)


async def test_no_look_up_of_a_group_of_mails_reads_an_account_whole(
    inbox: Inbox, service: Service
) -> None:
    database = service.database
    if not database.embedded:
        pytest.skip("PostgreSQL plans by the size of its tables")
    asked: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if sql.startswith(("SELECT", "UPDATE", "WITH")):
            asked[sql] = parameters

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    people = [f"Dora <dora.{number}@customer.example>" for number in range(40)]
    await asyncio.gather(*[inbox.receive(sender=one, text=one) for one in people])
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)

    plans: list[str] = []
    async with database.writing() as db:
        for sql, parameters in asked.items():
            plan = await (await db.connection()).exec_driver_sql(
                f"EXPLAIN QUERY PLAN {sql}", parameters
            )
            plans += [row[-1] for row in plan]
    reads = [one for one in plans if re.search(rf"(SEARCH|SCAN) ({'|'.join(LARGE)})\b", one)]
    assert len(reads) >= 4
    assert [one for one in reads if "SCAN" in one or "(account_id=?)" in one] == []
